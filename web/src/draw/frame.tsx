// The frame around every view: title, where it comes from, in words, as a file, keys, and what must be known with it.
import { Component, type ComponentChildren, type ErrorInfo } from "preact";
import { useRef, useState } from "preact/hooks";
import type { Event, Failure } from "../contract";
import { Button } from "./controls";
import { CurveLayer } from "./curves";
import { FailureBox, failureOf } from "./failure";
import { Formula } from "./formula";
import { useId } from "./id";
import { whole } from "./number";
import { asPng, asSvg, save } from "./picture";
import { TipLayer } from "./tip";

/** Where a view comes from: what a click on its title tells. */
export interface About {
  /** One sentence: what is seen here. */
  sentence: string;
  /** What is computed, as LaTeX. */
  formula?: string;
  /** The file that computes it, from the root of the repository. */
  source: string;
  /** The same from Python. */
  call: string;
  /** Keys beyond Tab: [key, what it does]. */
  keys?: readonly (readonly [string, string])[];
}

export interface FrameProps {
  id: string;
  title: string;
  about: About;
  /** Of the payload: what exactly is shown. */
  subtitle?: string | undefined;
  /** One or two sentences for readers who do not see the picture. */
  description?: string | undefined;
  events?: readonly Event[] | undefined;
  /** A link that leads to exactly this; null where there is none. */
  address: string | null;
  busy: boolean;
  failure: Failure | null;
  /** Why there is nothing to see yet. */
  empty: string | null;
  library: (name: string) => Promise<unknown>;
  isDark: boolean;
  /** The text form of what is shown; null where nobody can be asked. */
  text: (() => Promise<string>) | null;
  onRetry: () => void;
  onStep: (step: number) => void;
  /** Controls that choose what is asked; they stay where there is no answer. */
  head?: ComponentChildren;
  children: ComponentChildren;
}

type Opened = "about" | "text" | null;

export function Frame(props: FrameProps) {
  const { id, title, subtitle, description, busy, failure, empty, text, children } = props;
  const heading = useId();
  const body = useRef<HTMLDivElement>(null);
  const [opened, open] = useState<Opened>(null);
  const toggle = (which: Opened): void => open(opened === which ? null : which);
  const name = `${id}-${(subtitle ?? title)
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .slice(0, 48)}`.replace(/-$/, "");
  const file = async (kind: "svg" | "png"): Promise<void> => {
    if (!body.current) return;
    const words = subtitle ?? title;
    if (kind === "svg") save(new Blob([asSvg(body.current, words)], { type: "image/svg+xml" }), `${name}.svg`);
    else save(await asPng(body.current, words), `${name}.png`);
  };
  const isDrawn = !failure && !empty;
  return (
    <section class="ds-frame" data-view={id} aria-labelledby={heading} aria-busy={busy}>
      <header>
        <h2 id={heading}>
          <button type="button" class="ds-plain" aria-expanded={opened === "about"} onClick={() => toggle("about")}>
            {title}
          </button>
        </h2>
        <span class={busy ? "ds-busy ds-on" : "ds-busy"} aria-hidden="true" />
        <div class="ds-tools" role="group" aria-label={`${title}: more`}>
          {text && isDrawn && (
            <Button label={`${title} in words`} pressed={opened === "text"} onClick={() => toggle("text")}>
              words
            </Button>
          )}
          {isDrawn && (
            <>
              <Button label={`Save ${title} as SVG`} onClick={() => void file("svg")}>
                SVG
              </Button>
              <Button label={`Save ${title} as PNG`} onClick={() => void file("png")}>
                PNG
              </Button>
            </>
          )}
        </div>
      </header>
      {opened === "about" && <AboutBox {...props} />}
      {props.head}
      {subtitle && isDrawn && <p class="ds-subtitle">{subtitle}</p>}
      {description && isDrawn && <p class="ds-hidden">{description}</p>}
      {failure ? (
        <FailureBox failure={failure} onRetry={props.onRetry} />
      ) : empty ? (
        <p class="ds-empty">{empty}</p>
      ) : (
        <Guard>
          <TipLayer>
            <CurveLayer library={props.library} isDark={props.isDark}>
              <div class="ds-body" ref={body}>
                {children}
              </div>
            </CurveLayer>
          </TipLayer>
        </Guard>
      )}
      {opened === "text" && text && <Words text={text} key={subtitle} />}
      {isDrawn && <Events events={props.events ?? []} onStep={props.onStep} />}
    </section>
  );
}

function AboutBox({ about, address, library }: FrameProps) {
  return (
    <div class="ds-about">
      <p>{about.sentence}</p>
      {about.formula && <Formula latex={about.formula} library={library} block />}
      <dl>
        <dt>source</dt>
        <dd>
          <code>{about.source}</code>
        </dd>
        <dt>in Python</dt>
        <dd>
          <code>{about.call}</code>
        </dd>
        {address && (
          <>
            <dt>address</dt>
            <dd>
              <a href={address}>{decodeURIComponent(address).replace(/^.*#/, "#")}</a>
            </dd>
          </>
        )}
        {about.keys?.map(([key, does]) => (
          <>
            <dt>
              <kbd>{key}</kbd>
            </dt>
            <dd>{does}</dd>
          </>
        ))}
      </dl>
    </div>
  );
}

function Words({ text }: { text: () => Promise<string> }) {
  const [said, say] = useState<string | null>(null);
  const asked = useRef(false);
  if (!asked.current) {
    asked.current = true;
    text().then(say, (error: unknown) => say(failureOf(error).what));
  }
  return (
    <pre class="ds-words" tabindex={0} aria-label="In words">
      {said ?? "…"}
    </pre>
  );
}

const MOST_EVENTS = 4;
const ALARMS = ["nan", "infinite", "failure", "damaged"];

/** Whether an event tells of something that went wrong. */
export const alarms = (event: Event): boolean => ALARMS.includes(event.kind);

function Events({ events, onStep }: { events: readonly Event[]; onStep: (step: number) => void }) {
  const [all, show] = useState(false);
  const shown = all ? events : events.slice(0, MOST_EVENTS);
  if (!events.length) return null;
  return (
    <ul class="ds-events" aria-label="What must be known with it">
      {shown.map((event, k) => (
        <li key={k} class={alarms(event) ? "ds-alarm" : ""}>
          {event.step !== null && event.step !== undefined && (
            <button type="button" class="ds-link" onClick={() => onStep(event.step!)}>
              step {whole(event.step)}
            </button>
          )}{" "}
          {event.text.replace(/^step [\d,]+: /, "") /* its step is the link before it */}
        </li>
      ))}
      {events.length > MOST_EVENTS && (
        <li>
          <button type="button" class="ds-link" onClick={() => show(!all)}>
            {all ? "fewer" : `and ${events.length - MOST_EVENTS} more`}
          </button>
        </li>
      )}
    </ul>
  );
}

/** A view that breaks while it draws says so in its own frame; the others stay. */
class Guard extends Component<{ children: ComponentChildren }, { error: unknown }> {
  override state = { error: null as unknown };

  override componentDidCatch(error: unknown, _: ErrorInfo): void {
    console.error(error);
    this.setState({ error });
  }

  override render() {
    const { error } = this.state;
    if (error === null) return this.props.children;
    return <FailureBox failure={failureOf(error)} onRetry={() => this.setState({ error: null })} />;
  }
}
