import { useSyncExternalStore } from "react";

/** Tells the page that the session ended, so that the sign-in page stands over whatever is open, and leaves it as it was. */
class SessionState {
  private over = false;
  private readonly listeners = new Set<() => void>();

  expired() {
    this.set(true);
  }

  begun() {
    this.set(false);
  }

  private set(over: boolean) {
    if (this.over === over) return;
    this.over = over;
    for (const listener of this.listeners) listener();
  }

  readonly subscribe = (listener: () => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };
  readonly isOver = () => this.over;
}

export const session = new SessionState();

/** Reports whether the session ended while the page was open. */
export function useSessionOver(): boolean {
  return useSyncExternalStore(session.subscribe, session.isOver);
}
