// Any instrument, asked of any run: the form above, the answer below as what it is.
import { described, ReadingPicture, type Reading } from "./reading_any";
import { asked, hasForm, ReadingForm } from "./reading_form";
import { plain, STEP_KEYS } from "./reading_steps";
import { view } from "./view";

export default view<Reading>({
  id: "reading",
  title: "Ask an instrument",
  pages: ["runs"],
  order: 20,
  wide: true,
  about: {
    sentence: "Every instrument can be asked about every step of the past, whether or not anybody thought of it while training: the run is replayed, bit for bit. Answers are kept in the run's file, so that the same question costs nothing the next time.",
    source: "src/downslope/instruments/",
    call: 'run.ask("sharpness", every=20)',
    keys: STEP_KEYS,
  },
  query: (state) => {
    if (state.run.value === null) return null;
    if (state.run.value === "given") return { view: "reading", run: "given" }; // a reading shown by itself in a notebook
    const { at, ...args } = asked(state).value;
    return at ? { view: "reading", run: state.run.value, step: Math.max(state.at.value, 1), args: { ...args, at } } : { view: "reading", run: state.run.value, args };
  },
  empty: "Choose a run.",
  describe: (payload) => described(payload),
  Head: ReadingForm,
  View: ({ payload, ctx }) => (
    <>
      {!hasForm(ctx) && <p class="ds-sentence">{plain(payload.sentence)}</p>}
      <ReadingPicture payload={payload} ctx={ctx} />
    </>
  ),
});
