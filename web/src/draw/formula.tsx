// LaTeX as MathML, which browsers draw and screen readers read; as plain LaTeX until the library is there.
import { useEffect, useRef, useState } from "preact/hooks";

interface Katex {
  renderToString(latex: string, options: Record<string, unknown>): string;
}

/** `library` is the context's: it fetches what only some views need. `block`: on a line of its own. */
export function Formula({
  latex,
  library,
  block = false,
}: {
  latex: string;
  library: (name: string) => Promise<unknown>;
  block?: boolean;
}) {
  const [markup, set] = useState<string | null>(null);
  useEffect(() => {
    let wanted = true;
    library("katex")
      .then((found) => {
        // Without trust no command of LaTeX can make a link or load anything; an error is shown as the source.
        const options = { output: "mathml", displayMode: block, throwOnError: false, trust: false, maxExpand: 1000 };
        if (wanted) set((found as Katex).renderToString(latex, options));
      })
      .catch(() => undefined);
    return () => {
      wanted = false;
    };
  }, [latex, block]);
  const place = useRef<HTMLSpanElement>(null);
  useEffect(() => {
    // One that is wider than its place is scrolled, and the keyboard must reach what scrolls.
    const span = place.current;
    if (span && span.scrollWidth > span.clientWidth + 1) span.tabIndex = 0;
    else span?.removeAttribute("tabindex");
  });
  const kind = block ? "ds-formula ds-block" : "ds-formula";
  if (markup === null) return <code class={kind}>{latex}</code>;
  return <span ref={place} class={kind} dangerouslySetInnerHTML={{ __html: markup }} />;
}
