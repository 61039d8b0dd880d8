import type { DescService } from "@bufbuild/protobuf";
import { queries } from "@/api/queries";

/** Has everything asked again that was read from these services, after something of theirs was changed. Lists in pages too. */
export async function refresh(...services: DescService[]): Promise<void> {
  const names = new Set(services.map((s) => s.typeName));
  await queries.invalidateQueries({
    predicate: ({ queryKey }) => {
      if (queryKey[0] === "pages") return true;
      const part = queryKey[1] as { serviceName?: string } | undefined;
      return part?.serviceName !== undefined && names.has(part.serviceName);
    },
  });
}
