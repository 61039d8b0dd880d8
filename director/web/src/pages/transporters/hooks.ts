import { useQuery } from "@connectrpc/connect-query";
import { TransporterService, type Transporter } from "@/gen/holdfast/director/v1/inventory_pb";

/** All Transporters, by name, asked again while the page is open. */
export function useTransporters() {
  return useQuery(TransporterService.method.listTransporters, {}, { refetchInterval: 10_000 });
}

/** What is worth a warning about a Transporter that answers; empty for nothing. */
export function concerns(t: Transporter): string[] {
  const all: string[] = [];
  const off = Math.abs(Number(t.clockDifferenceMs)) / 1000;
  if (off > 60) all.push(`Its clock is ${Math.round(off)} seconds off the Director’s.`);
  if (t.totalBytes > 0n && t.freeBytes * 20n < t.totalBytes) all.push("The disk of its data folder has less than a twentieth free.");
  return all;
}
