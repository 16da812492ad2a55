// A table of one's own: dropped, chosen from the disk, or pasted; which column is predicted; what the lab says to it.
import { useState } from "preact/hooks";
import type { Failure } from "../contract";
import { Button, Choice, Controls } from "../draw/controls";
import { FailureBox, failureOf } from "../draw/failure";
import { useId } from "../draw/id";
import { whole } from "../draw/number";
import { useOwn } from "./data_own";
import type { Context } from "./view";

const MOST = 8 * 2 ** 20; // bytes; the lab takes no more
const SHOWN = 4_000; // signs of a file that are shown to be looked at

export function OwnTable({ ctx, onDone }: { ctx: Context; onDone: () => void }) {
  const [name, call] = useState("pasted.csv");
  const [text, set] = useState("");
  const [target, choose] = useState("");
  const [isOver, over] = useState(false);
  const [said, say] = useState<readonly string[]>([]);
  const [failure, fail] = useState<Failure | null>(null);
  const use = useOwn(ctx);
  const id = useId();
  const columns = header(text);
  const chosen = columns.includes(target) ? target : (columns.at(-1) ?? "");
  const take = (file: File | undefined): void => {
    if (!file) return;
    fail(null);
    if (file.size > MOST) {
      fail({
        code: "lab-upload-size",
        what: `${file.name} has ${(file.size / 2 ** 20).toFixed(1)} MiB`,
        where: "this page",
        why: "the lab takes tables up to 8 MiB through the page",
        do: "Train on the file itself: downslope train FILE --target COLUMN.",
      });
      return;
    }
    file.text().then(
      (found) => {
        set(found);
        call(file.name);
      },
      (error: unknown) => fail(failureOf(error)),
    );
  };
  const send = (): void => {
    fail(null);
    use({ type: "upload", name, text, target: chosen || null })
      .then((done) => (done.said?.length ? say(done.said) : onDone()))
      .catch((error: unknown) => fail(failureOf(error)));
  };
  const isShort = text.length <= SHOWN;
  return (
    <div
      class={isOver ? "ds-drop ds-over" : "ds-drop"}
      onDragOver={(event) => {
        event.preventDefault();
        over(true);
      }}
      onDragLeave={() => over(false)}
      onDrop={(event) => {
        event.preventDefault();
        over(false);
        take(event.dataTransfer?.files[0]);
      }}
    >
      <label for={id}>
        Drop a CSV file here, or paste a table with a header line:{" "}
        <span class="ds-soft">numbers and words, commas, semicolons or tabs between them</span>
      </label>
      <textarea
        id={id}
        rows={6}
        spellcheck={false}
        placeholder={"height,weight,kind\n1.2,3.4,cat\n2.1,9.8,dog"}
        value={isShort ? text : `${text.slice(0, SHOWN)}\n… ${whole(text.length - SHOWN)} signs more`}
        readOnly={!isShort}
        onInput={(event) => set(event.currentTarget.value)}
      />
      <Controls label="The table">
        <label class="ds-control">
          <span class="ds-soft">or choose a file</span>
          <input type="file" accept=".csv,.tsv,.tab,.txt,text/csv" onChange={(event) => take(event.currentTarget.files?.[0])} />
        </label>
        {columns.length > 0 && <Choice label="predict" value={chosen} words={columns} onInput={choose} />}
        <Button onClick={() => set("")} disabled={!text}>
          Clear
        </Button>
        <Button main onClick={send} disabled={!text.trim()}>
          Train on this table
        </Button>
      </Controls>
      {failure && <FailureBox failure={failure} />}
      {said.length > 0 && (
        <div role="status">
          <p>The table was taken. What was done to it:</p>
          <ul>
            {said.map((each) => (
              <li key={each}>{each}</li>
            ))}
          </ul>
          <Button onClick={onDone}>Good</Button>
        </div>
      )}
    </div>
  );
}

/** Names of the columns in the first line; none before there is a second line. */
export function header(text: string): string[] {
  const [first = "", second = ""] = text.replace(/^\ufeff/, "").split(/\r?\n/, 2);
  if (!second.trim()) return [];
  const sign = ["\t", ";", ","].find((each) => first.includes(each)) ?? ",";
  return [...new Set(first.split(sign).map((name) => name.trim().replace(/^"|"$/g, "")))].filter((name) => name !== "");
}
