/** Stage 3: what a record needs to count as one in the topic, for writing and for reading alike (PROJ-5). Pure. */

/** The most UTF-16 units that a sender's name or a key may have: twice what people may choose. */
const TEXT_UNITS_MAX = 256;
const TIME_MAX = 2 ** 48 - 1;
const VERSION_MAX = 255;

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
/** Printable ASCII without what JSON would have to escape. */
const KIND = /^[!#-[\]-~]{1,64}$/;

export const isUuid = (value: unknown): value is string => typeof value === "string" && UUID.test(value);
export const isKind = (value: unknown): value is string => typeof value === "string" && KIND.test(value);
export const isText = (value: unknown): value is string =>
  typeof value === "string" && value.length > 0 && value.length <= TEXT_UNITS_MAX;
export const isVersion = (value: unknown): value is number => isWhole(value, VERSION_MAX) && (value as number) > 0;
export const isTime = (value: unknown): value is number => isWhole(value, TIME_MAX);

function isWhole(value: unknown, max: number): boolean {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) <= max;
}
