// Numbers as words: the same as Python's views.text.words.number, so that a number reads alike everywhere.

/** Significant digits as C's %g writes them, without zeros at the end: 0.12345 -> "0.1235", 2.5e12 -> "2.5e+12". */
export function general(value: number, digits = 4): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? "NaN" : value > 0 ? "∞" : "−∞";
  if (value === 0) return "0";
  const [mantissa = "", exponent = "0"] = value.toExponential(digits - 1).split("e");
  const power = Number(exponent);
  if (power < -4 || power >= digits) {
    const sign = power < 0 ? "-" : "+";
    return `${withoutZeros(mantissa)}e${sign}${String(Math.abs(power)).padStart(2, "0")}`;
  }
  return withoutZeros(value.toFixed(Math.max(digits - 1 - power, 0)));
}

/** Four digits, whole numbers with thousands set apart; "not finite" for what JSON cannot hold. */
export function number(value: number | null | undefined): string {
  if (value === null || value === undefined || Number.isNaN(value)) return "not finite";
  const size = Math.abs(value);
  return size >= 1e3 && size < 1e9 ? whole(Math.round(value)) : general(value);
}

/** A count with thousands set apart. */
export function whole(value: number): string {
  return value.toLocaleString("en-US", { maximumFractionDigits: 0 });
}

/** A number with its sign, for changes and error signals. */
export function signed(value: number | null | undefined): string {
  if (value === null || value === undefined) return "not finite";
  return value > 0 ? `+${number(value)}` : number(value);
}

/** As short as an axis needs it: "1e-5" rather than "1e-05". */
export function tick(value: number): string {
  const size = Math.abs(value);
  if (size >= 1e3 && size < 1e6 && Number.isInteger(value)) return whole(value);
  return general(value, 6).replace(/e([+-])0?(\d+)$/, (_, sign, power) => `e${sign === "-" ? "-" : ""}${power}`);
}

function withoutZeros(text: string): string {
  return text.includes(".") ? text.replace(/\.?0+$/, "") : text;
}
