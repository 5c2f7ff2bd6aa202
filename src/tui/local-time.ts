/** The terminal client: times as people read them, in the zone of their terminal. Pure. */

const twoDigits = (value: number): string => String(value).padStart(2, "0");

/** `09:05`. */
export function clockTime(time: number): string {
  const date = new Date(time);
  return `${twoDigits(date.getHours())}:${twoDigits(date.getMinutes())}`;
}

/** Whether two moments are on the same day. */
export function isSameDay(one: number, other: number): boolean {
  // Most are within the same minute of each other, and dates are slow to make.
  if (Math.floor(one / 60_000) === Math.floor(other / 60_000)) return true;
  const [first, second] = [new Date(one), new Date(other)];
  return (
    first.getDate() === second.getDate() &&
    first.getMonth() === second.getMonth() &&
    first.getFullYear() === second.getFullYear()
  );
}

/** `Monday, 23 November 2026`. */
export function dayName(time: number): string {
  return new Date(time).toLocaleDateString("en-GB", {
    ...{ weekday: "long", day: "numeric", month: "long", year: "numeric" },
  });
}

/** `3m 12s`, `2h 05m`, `4d 3h`: how long something has lasted. */
export function duration(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const minutes = Math.floor(seconds / 60);
  const hours = Math.floor(minutes / 60);
  if (hours >= 24) return `${Math.floor(hours / 24)}d ${hours % 24}h`;
  if (hours >= 1) return `${hours}h ${twoDigits(minutes % 60)}m`;
  return minutes >= 1 ? `${minutes}m ${twoDigits(seconds % 60)}s` : `${seconds}s`;
}
