import { timestampFromDate, type Timestamp } from "@bufbuild/protobuf/wkt";

/** How long a new API token is good: so many days, until a day, or for ever. */
export const lifetimes = ["30", "90", "365", "until", "never"] as const;
export type Lifetime = (typeof lifetimes)[number];

export const lifetimeNames: Record<Lifetime, string> = { 30: "30 days", 90: "90 days", 365: "One year", until: "Until a day", never: "For ever" };

/** When a token of that lifetime expires: at the end of the day, where one is named (as "2030-01-31", in the user's zone). */
export function expiryOf(lifetime: Lifetime, until: string, now = new Date()): Timestamp | undefined {
  if (lifetime === "never") return undefined;
  if (lifetime === "until") return timestampFromDate(new Date(`${until}T23:59:59`));
  return timestampFromDate(new Date(now.getTime() + Number(lifetime) * 86_400_000));
}

/** Why a day cannot be chosen; undefined when it can. */
export function wrongDay(until: string, now = new Date()): string | undefined {
  const end = new Date(`${until}T23:59:59`).getTime();
  if (Number.isNaN(end)) return "Choose the last day on which it is good.";
  return end <= now.getTime() ? "That day is over." : undefined;
}
