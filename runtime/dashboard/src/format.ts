// Numbers and times as people read them.

const relative = new Intl.RelativeTimeFormat("en", { numeric: "auto", style: "short" });
const absolute = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "medium" });
const clock = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit", fractionalSecondDigits: 3 });

export function ago(at: string, now: number): string {
  const seconds = (new Date(at).getTime() - now) / 1000;
  const size = Math.abs(seconds);
  if (size < 5) return "just now";
  if (size < 60) return relative.format(Math.round(seconds), "second");
  if (size < 3600) return relative.format(Math.round(seconds / 60), "minute");
  if (size < 86_400) return relative.format(Math.round(seconds / 3600), "hour");
  if (size < 86_400 * 45) return relative.format(Math.round(seconds / 86_400), "day");
  return relative.format(Math.round(seconds / 86_400 / 30.4), "month");
}

export function moment(at: string): string {
  return absolute.format(new Date(at));
}

/** "14:03:22.118" */
export function time(at: string): string {
  return clock.format(new Date(at));
}

export function ms(value: number): string {
  const [number, unit] = value < 999.5 ? [value, "ms"] : [value / 1000, "s"];
  const digits = number < 1 ? 2 : number < 10 ? 1 : 0;
  return `${Number.isInteger(number) ? number : number.toFixed(digits)} ${unit}`;
}

export function bytes(value: number): string {
  if (value < 1024) return `${value} B`;
  const units = ["kB", "MB", "GB"];
  let scaled = value / 1024;
  let unit = 0;
  while (scaled >= 1024 && unit < units.length - 1) {
    scaled /= 1024;
    unit++;
  }
  return `${scaled >= 100 || Number.isInteger(scaled) ? Math.round(scaled) : scaled.toFixed(1)} ${units[unit]}`;
}

export function count(value: number, one: string, many = `${one}s`): string {
  return `${value.toLocaleString("en")} ${value === 1 ? one : many}`;
}
