const programs: [RegExp, string][] = [
  [/\bEdg(?:A|iOS)?\//, "Edge"], [/\bOPR\//, "Opera"], [/\b(?:Firefox|FxiOS)\//, "Firefox"], [/\b(?:HeadlessChrome|Chrome|CriOS)\//, "Chrome"], [/\bSafari\//, "Safari"],
];

const systems: [RegExp, string][] = [
  [/\bAndroid\b/, "Android"], [/\b(?:iPhone|iPad)\b/, "iOS"], [/\bWindows\b/, "Windows"], [/\bMac OS X\b/, "macOS"], [/\bCrOS\b/, "ChromeOS"], [/\bLinux\b/, "Linux"],
];

/** What a program that signed in calls itself, in words ("Firefox on Windows"); as it is where that is no browser. */
export function agentName(agent: string): string {
  const program = programs.find(([is]) => is.test(agent))?.[1];
  if (!program) return agent || "Not known";
  const system = systems.find(([is]) => is.test(agent))?.[1];
  return system ? `${program} on ${system}` : program;
}
