// The state of the page as the part of its address after "#", and back: `step=1234&select=dense1.w[3,+2]`.
// What is written can be read by people; what cannot be read is left out, because an old link must still open.

export type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json };

export type Entries = ReadonlyMap<string, Json>;

/** Entries in the order of their names, so that the same state is the same link. */
export function encode(entries: Entries): string {
  return [...entries]
    .filter(([name]) => name !== "")
    .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
    .map(([name, value]) => `${percent(name)}=${percent(word(value))}`)
    .join("&");
}

/** The entries of a hash, with or without its "#". */
export function decode(hash: string): Map<string, Json> {
  const found = new Map<string, Json>();
  for (const part of hash.replace(/^#/, "").split("&")) {
    const equals = part.indexOf("=");
    if (equals < 1) continue;
    try {
      found.set(back(part.slice(0, equals)), value(back(part.slice(equals + 1))));
    } catch {
      // A damaged escape: this entry is lost, the others are not.
    }
  }
  return found;
}

/** A text stands for itself, unless it would be read as something else. */
function word(value: Json): string {
  return typeof value === "string" && !isJson(value) ? value : JSON.stringify(value);
}

function value(text: string): Json {
  return isJson(text) ? (JSON.parse(text) as Json) : text;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

const READABLE = /%(20|2C|3A|5B|5D|2F|3B|40|28|29|7B|7D|22)/g;

function percent(text: string): string {
  // A half of a surrogate pair cannot be escaped; as the replacement sign it can.
  const escaped = encodeURIComponent(text.toWellFormed());
  return escaped.replace(READABLE, (code) => (code === "%20" ? "+" : decodeURIComponent(code)));
}

function back(text: string): string {
  return decodeURIComponent(text.replaceAll("+", " "));
}
