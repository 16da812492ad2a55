// A surface alone, as a map and as a relief: what a notebook shows of one, and what a report keeps.
import type { SurfaceView } from "../contract";
import { Controls, Toggle } from "../draw/controls";
import { Formula } from "../draw/formula";
import { number } from "../draw/number";
import { surfaceArgs } from "./descent_state";
import { SurfaceMap } from "./surface_map";
import { SurfaceRelief } from "./surface_relief";
import { view, type Context } from "./view";

export default view<SurfaceView>({
  id: "surface",
  title: "Surface",
  pages: ["surface"],
  order: 60,
  closed: true,
  about: {
    sentence: "A function of two numbers: darker is higher, a star is a known minimum, blank has no finite value.",
    source: "src/downslope/surfaces/surface.py",
    call: "ds.surfaces.rosenbrock",
  },
  query: (state) => ({ view: "surface", args: surfaceArgs(state) }),
  empty: "Choose a surface.",
  describe: (payload) =>
    `${payload.teaches} ${payload.lowest === null ? "No lowest value is known." : `The lowest known value is ${number(payload.lowest)}.`}`,
  View: Picture,
});

function Picture({ payload, ctx }: { payload: SurfaceView; ctx: Context }) {
  const isRelief = ctx.state.setting("surface", "relief", false);
  return (
    <>
      <p>
        {payload.latex && <Formula latex={payload.latex} library={ctx.library} />} {payload.teaches}
      </p>
      <Controls label="What is drawn">
        <Toggle label="3-D" value={isRelief.value} onInput={(on) => (isRelief.value = on)} />
      </Controls>
      {isRelief.value ? (
        <SurfaceRelief surface={payload} paths={[]} step={0} isDark={ctx.state.isDark.value} />
      ) : (
        <SurfaceMap surface={payload} paths={[]} step={0} chosen={-1} model={null} />
      )}
    </>
  );
}
