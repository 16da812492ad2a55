// What went wrong, in the four lines that every error of Downslope has; never an empty panel.
import type { Failure } from "../contract";
import { Button } from "./controls";

/** What a question is rejected with. */
export class Failed extends Error {
  constructor(readonly failure: Failure) {
    super(failure.what);
  }
}

/** Any error as four lines; those that are none of ours say what they are. */
export function failureOf(error: unknown): Failure {
  if (error instanceof Failed) return error.failure;
  const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return {
    code: "page-error",
    what: text,
    where: "this page",
    why: "the page itself stumbled, not your run; nothing that was recorded is lost",
    do: "Reload the page. If it happens again, please report it with these lines.",
  };
}

export function FailureBox({ failure, onRetry }: { failure: Failure; onRetry?: () => void }) {
  return (
    <div class="ds-failure" role="alert">
      <p>
        <strong>{failure.what}</strong> <code>[{failure.code}]</code>
      </p>
      <dl>
        <dt>where</dt>
        <dd>{failure.where}</dd>
        <dt>why</dt>
        <dd>{failure.why}</dd>
        <dt>do</dt>
        <dd>{failure.do}</dd>
      </dl>
      {onRetry && <Button onClick={onRetry}>Try again</Button>}
    </div>
  );
}
