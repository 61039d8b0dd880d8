import { useSyncExternalStore } from "react";

/** Whether the Director answers. While it does not, it is asked again until it does. */
class Connection {
  private lost = false;
  private readonly listeners = new Set<() => void>();
  private timer: number | undefined;
  /** Called when the Director answers again. */
  onReturn: (() => void) | undefined;

  up() {
    if (!this.lost) return;
    this.lost = false;
    window.clearTimeout(this.timer);
    this.tell();
    this.onReturn?.();
  }

  down() {
    if (this.lost) return;
    this.lost = true;
    this.tell();
    this.ask(1000);
  }

  /** Asks after a wait, and again, up to every five seconds. */
  private ask(wait: number) {
    this.timer = window.setTimeout(() => {
      fetch("/readyz", { cache: "no-store" })
        .then((answer) => (answer.ok ? this.up() : this.ask(Math.min(wait * 1.5, 5000))))
        .catch(() => this.ask(Math.min(wait * 1.5, 5000)));
    }, wait);
  }

  private tell() {
    for (const listener of this.listeners) listener();
  }

  readonly subscribe = (listener: () => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };
  readonly isLost = () => this.lost;
}

export const connection = new Connection();

/** Reports whether the Director is out of reach. */
export function useConnectionLost(): boolean {
  return useSyncExternalStore(connection.subscribe, connection.isLost);
}
