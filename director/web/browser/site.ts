import { spawn, type ChildProcess } from "node:child_process";
import { createInterface } from "node:readline";

/** The project's folder. */
export const root = new URL("../../..", import.meta.url).pathname;

/** The folder of pictures. */
export const screens = `${root}/build/screens`;

/** A running installation: what test/browser prints. */
export interface Site {
  director: string;
  /** The one-time password of the user admin. */
  password: string;
  tenant: { id: string; clientId: string; secret: string; root: string; caFile: string; control: string };
  data: string;
  pairing: { address: string; code: string }[];
  processes: Record<string, number>;
  /** Has the site do something ("director down", "director up", "change"). */
  ask: (word: string) => Promise<void>;
  stop: () => Promise<void>;
}

interface Options {
  /** Set up and backed up already: account Contoso, Transporters, two repositories, the job All mail with two runs. */
  prepared?: boolean;
  mailboxes?: number;
  messages?: number;
  empty?: number;
}

/** Starts a site of its own for a test file. */
export async function startSite(o: Options = {}): Promise<Site> {
  const args = ["--bin", `${root}/build/bin`];
  if (o.prepared) args.push("--prepared");
  for (const name of ["mailboxes", "messages", "empty"] as const) {
    if (o[name] !== undefined) args.push(`--${name}`, String(o[name]));
  }
  const program = spawn(`${root}/build/bin/browser`, args, { stdio: ["pipe", "pipe", "inherit"] });
  const lines = createInterface({ input: program.stdout })[Symbol.asyncIterator]();
  const next = async (): Promise<unknown> => {
    const line = await lines.next();
    if (line.done) throw new Error("the site ended; what it said stands above");
    return JSON.parse(line.value);
  };
  const place = (await next()) as Omit<Site, "ask" | "stop">;
  return {
    ...place,
    ask: async (word) => {
      program.stdin.write(`${JSON.stringify(word)}\n`);
      const answer = await next();
      if (answer !== "done") throw new Error(`${word}: ${String(answer)}`);
    },
    stop: () => ended(program),
  };
}

function ended(program: ChildProcess): Promise<void> {
  return new Promise((done) => {
    if (program.exitCode !== null || program.signalCode !== null) return done();
    program.once("exit", () => done());
    program.stdin?.end();
  });
}
