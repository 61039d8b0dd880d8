import { Code, ConnectError } from "@connectrpc/connect";
import { unreachable } from "@/api/transport";
import { capital } from "@/parts/format";

/** A failed call, for a person: what happened, what to do, and where. */
export interface Fault {
  message: string;
  /** What to do, where that is not in the message already. */
  remedy?: string;
  /** The request's field at fault ("job.options.parallel"). */
  field?: string;
  /** Microsoft's request-id, for their support. */
  requestId?: string;
  /** Whether the same call may succeed when it is made again. */
  again: boolean;
}

interface ErrorInfo {
  metadata?: { field?: string; request_id?: string };
}

/** Turns whatever was thrown into a fault. */
export function faultOf(error: unknown): Fault {
  const e = ConnectError.from(error);
  const metadata = detailOf(e);
  const fault: Fault = {
    message: sentence(e.rawMessage),
    field: metadata?.field,
    requestId: metadata?.request_id,
    again: e.code === Code.Unavailable || e.code === Code.DeadlineExceeded || e.code === Code.ResourceExhausted,
  };
  if (unreachable(e)) {
    fault.message = "The Director does not answer.";
    fault.remedy = "Its service may be restarting, or the network is down. This page goes on by itself once it answers.";
    fault.again = true;
  }
  return fault;
}

function detailOf(e: ConnectError): ErrorInfo["metadata"] {
  for (const detail of e.details) {
    if ("type" in detail && detail.type === "google.rpc.ErrorInfo" && detail.debug) {
      return (detail.debug as ErrorInfo).metadata;
    }
  }
  return undefined;
}

/** Begins a text with a capital and ends it with a full stop. */
export function sentence(text: string): string {
  const trimmed = text.trim();
  if (trimmed === "") return "Something went wrong.";
  const first = capital(trimmed);
  return /[.!?…]$/.test(first) ? first : `${first}.`;
}
