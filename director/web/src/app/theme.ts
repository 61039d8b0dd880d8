import { useSyncExternalStore } from "react";
import { webDarkTheme, webLightTheme, type Theme } from "@fluentui/react-components";

/** How the pages look: as the system says, or as chosen here. */
export type Look = "system" | "light" | "dark";

const key = "holdfast.look";
const dark = window.matchMedia("(prefers-color-scheme: dark)");
const listeners = new Set<() => void>();

function stored(): Look {
  const look = window.localStorage.getItem(key);
  return look === "light" || look === "dark" ? look : "system";
}

let look = stored();

dark.addEventListener("change", tell);

function tell() {
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Remembers a look in this browser. */
export function setLook(next: Look) {
  look = next;
  window.localStorage.setItem(key, next);
  tell();
}

export function useLook(): Look {
  return useSyncExternalStore(subscribe, () => look);
}

function isDark(): boolean {
  return look === "dark" || (look === "system" && dark.matches);
}

// Grey text on a grey ground has to be read too: WCAG AA wants 4.5 to 1.
export const themes: Record<"light" | "dark", Theme> = {
  light: { ...webLightTheme, colorNeutralForeground4: webLightTheme.colorNeutralForeground3 },
  dark: {
    ...webDarkTheme, colorNeutralForeground4: webDarkTheme.colorNeutralForeground3,
    // So do links in a row that the mouse is over: 3.9 to 1 as they come, 4.8 so.
    colorBrandForegroundLink: webDarkTheme.colorBrandForegroundLinkHover, colorNeutralBackground1Hover: webDarkTheme.colorSubtleBackgroundHover,
  },
};

/** Whether the pages are light or dark now. */
export function useScheme(): "light" | "dark" {
  return useSyncExternalStore(subscribe, isDark) ? "dark" : "light";
}
