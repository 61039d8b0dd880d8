import { Badge } from "@fluentui/react-components";
import { timestampDate } from "@bufbuild/protobuf/wkt";
import type { Account } from "@/gen/holdfast/director/v1/inventory_pb";
import { day } from "@/parts/format";

/** From so many days before it ends, a credential is warned of. */
const warnDays = 30;

/** What an account signs in with, and until when that is good. */
export function Expiry({ account }: { account: Account }) {
  const kind = account.credential === "certificate" ? "Certificate" : "Secret";
  const at = account.credentialExpires;
  if (!at) return <>{kind}</>;
  const days = (timestampDate(at).getTime() - Date.now()) / 86_400_000;
  if (days < 0) return <Badge color="danger" appearance="tint">{kind} expired {day(at)}</Badge>;
  if (days < warnDays) return <Badge color="warning" appearance="tint">{kind} until {day(at)}</Badge>;
  return <>{kind} until {day(at)}</>;
}
