import { useEffect, useRef, useState, type ReactNode } from "react";
import { Button, makeStyles, mergeClasses, MessageBar, MessageBarBody, Spinner, tokens } from "@fluentui/react-components";
import { CheckmarkCircleFilled, CircleRegular, RecordFilled } from "@fluentui/react-icons";
import { useBlocker, useLocation, useNavigate, useParams } from "react-router";
import { Confirm } from "@/parts/Confirm";
import { FaultNote } from "@/parts/FaultNote";
import { Page, type Crumb } from "@/parts/Page";
import { Explained } from "@/parts/Explained";

const useStyles = makeStyles({
  root: { display: "flex", gap: tokens.spacingHorizontalXXL, flexGrow: 1, minHeight: 0, "@media (max-width: 800px)": { flexDirection: "column", gap: tokens.spacingVerticalM } },
  steps: {
    listStyleType: "none", margin: 0, padding: 0, display: "flex", flexDirection: "column", gap: tokens.spacingVerticalXS, minWidth: "13rem",
    "@media (max-width: 800px)": { flexDirection: "row", flexWrap: "wrap", minWidth: 0 },
  },
  rootAcross: { flexDirection: "column", gap: tokens.spacingVerticalM },
  stepsAcross: { flexDirection: "row", flexWrap: "wrap", minWidth: 0 },
  step: { justifyContent: "flex-start", fontWeight: tokens.fontWeightRegular, width: "100%" },
  here: { fontWeight: tokens.fontWeightSemibold, backgroundColor: tokens.colorNeutralBackground1Selected },
  main: { display: "flex", flexDirection: "column", flexGrow: 1, minWidth: 0, minHeight: 0, gap: tokens.spacingVerticalL },
  content: { flexGrow: 1, minHeight: 0, overflowY: "auto", display: "flex", flexDirection: "column", gap: tokens.spacingVerticalL, padding: "2px" },
  foot: {
    display: "flex", flexWrap: "wrap", gap: tokens.spacingHorizontalS, alignItems: "center", paddingTop: tokens.spacingVerticalM,
    borderTop: `1px solid ${tokens.colorNeutralStroke2}`,
  },
  push: { marginRight: "auto" },
});

/** A step of a wizard over a draft. */
export interface Step<D> {
  key: string;
  title: string;
  content: (draft: D, change: (next: D) => void) => ReactNode;
  /** What keeps one from going on, for a person; undefined when the step is complete. */
  problem?: (draft: D) => string | undefined;
}

/** A button that ends the wizard. */
export interface Finish<D> {
  title: string;
  /** Does it; what it returns is where to go then. */
  act: (draft: D) => Promise<string>;
  primary?: boolean;
  /** It is there on every step, not on the last one only. */
  always?: boolean;
  /** It can be done before all steps are complete (to save a draft). */
  early?: boolean;
  /** Why it cannot be done now. */
  why?: (draft: D) => string | undefined;
}

/** How a draft outlives a reload of the page. */
export interface Keep<D> {
  /** Names the draft among those of this browser tab. */
  key: string;
  /** Undefined for one that is too large to be written at every change: it lives as long as the page. */
  save: (draft: D) => string | undefined;
  /** Undefined, or an error, for one that is of no use any more. */
  load: (text: string) => D | undefined;
}

interface Props<D> {
  title: string;
  crumbs?: Crumb[];
  /** The address of the wizard; steps are below it, in the route's parameter "step". */
  base: string;
  /** Where Cancel goes. */
  back: string;
  steps: Step<D>[];
  initial: D;
  keep?: Keep<D>;
  finish: Finish<D>[];
  /** The steps stand over the content, which then has the whole width. */
  across?: boolean;
  /** Steps keep the query string of the address. */
  keepQuery?: boolean;
}

function read<D>(keep: Keep<D> | undefined): D | undefined {
  const text = keep && window.sessionStorage.getItem(keep.key);
  if (!text) return undefined;
  try {
    return keep.load(text);
  } catch {
    return undefined; // one of an older version of these pages
  }
}

/** Keeps a draft over a reload, unless it is larger than what browsers keep of a tab: then it lives as long as the page. */
function store(key: string, text: string | undefined) {
  try {
    if (text === undefined) return window.sessionStorage.removeItem(key);
    window.sessionStorage.setItem(key, text);
  } catch {
    window.sessionStorage.removeItem(key);
  }
}

/**
 * A list of steps over one draft. Each step has an address; steps after one that is not complete cannot be opened, and say why.
 * Leaving with changes asks first; a reload keeps them.
 */
export function Wizard<D>({ title, crumbs, base, back, steps, initial, keep, finish, across, keepQuery }: Props<D>) {
  const styles = useStyles();
  const navigate = useNavigate();
  const { step: at } = useParams();
  const { search: query } = useLocation();
  const address = (key: string | undefined) => `${base}/${key ?? ""}${keepQuery ? query : ""}`;
  const [kept] = useState(() => read(keep));
  const [draft, setDraft] = useState<D>(kept ?? initial);
  const [changed, setChanged] = useState(kept !== undefined);
  /** The title of the button that is ending the wizard. */
  const [busy, setBusy] = useState<string>();
  const [error, setError] = useState<unknown>();
  const leaving = useRef(false);
  const content = useRef<HTMLDivElement>(null);

  // What is being ended is no longer judged: once it is stored, its own name is taken.
  const wrong = (s: Step<D> | undefined) => (busy === undefined ? s?.problem?.(draft) : undefined);
  const firstOpen = steps.findIndex((s) => wrong(s) !== undefined);
  const reach = firstOpen < 0 ? steps.length - 1 : firstOpen;
  const index = Math.min(Math.max(0, steps.findIndex((s) => s.key === at)), reach);
  const step = steps[index];
  const lastStep = index === steps.length - 1;

  useEffect(() => {
    if (step && step.key !== at) void navigate(`${base}/${step.key}${keepQuery ? query : ""}`, { replace: true });
  }, [step, at, base, navigate, keepQuery, query]);
  useEffect(() => {
    content.current?.scrollTo(0, 0);
  }, [index]);

  const change = (next: D) => {
    if (leaving.current) return; // what comes late is not kept for the next draft
    setDraft(next);
    setChanged(true);
    setError(undefined);
    if (keep) store(keep.key, keep.save(next));
  };
  const forget = () => {
    leaving.current = true;
    if (keep) window.sessionStorage.removeItem(keep.key);
  };
  const blocker = useBlocker(({ nextLocation }) => changed && !leaving.current && !nextLocation.pathname.startsWith(`${base}/`));
  const end = async (f: Finish<D>) => {
    setBusy(f.title);
    setError(undefined);
    try {
      const to = await f.act(draft);
      const left = leaving.current; // meanwhile, by the menu or by Cancel
      forget();
      if (!left) void navigate(to); // busy until that page is there
    } catch (e) {
      setError(e);
      setBusy(undefined);
    }
  };

  if (!step) return null;
  const moment = busy === undefined ? undefined : "One moment.";
  const problem = wrong(step);
  const missing = wrong(steps[firstOpen]);
  const button = (f: Finish<D>) => (
    <Explained
      key={f.title} appearance={f.primary && lastStep ? "primary" : "secondary"}
      why={(f.early ? undefined : missing) ?? f.why?.(draft) ?? (busy === f.title ? undefined : moment)}
      icon={busy === f.title ? <Spinner size="tiny" /> : undefined} onClick={() => { if (!busy) void end(f); }}
    >
      {f.title}
    </Explained>
  );
  return (
    <Page title={title} crumbs={crumbs} filled>
      <div className={mergeClasses(styles.root, across && styles.rootAcross)}>
        <nav aria-label="Steps">
          <ol className={mergeClasses(styles.steps, across && styles.stepsAcross)}>
            {steps.map((s, i) => (
              <li key={s.key}>
                <Explained
                  appearance="subtle" className={mergeClasses(styles.step, i === index && styles.here)} aria-current={i === index ? "step" : undefined}
                  icon={i < reach && i !== index ? <CheckmarkCircleFilled /> : i === index ? <RecordFilled /> : <CircleRegular />}
                  why={moment ?? (i > reach ? `First: ${wrong(steps[reach]) ?? "complete the step before"}` : undefined)}
                  onClick={() => void navigate(address(s.key))}
                >
                  {s.title}
                </Explained>
              </li>
            ))}
          </ol>
        </nav>
        <div className={styles.main}>
          <div ref={content} className={styles.content} role="group" aria-label={step.title} inert={busy !== undefined}>
            {step.content(draft, change)}
          </div>
          {error !== undefined && <FaultNote title="That could not be done" error={error} />}
          {problem && changed && (
            <MessageBar intent="info"><MessageBarBody>{problem}</MessageBarBody></MessageBar>
          )}
          <div className={styles.foot}>
            <Button className={styles.push} onClick={() => void navigate(back)}>Cancel</Button>
            {finish.filter((f) => f.early && (lastStep || f.always)).map(button)}
            <Explained why={(index === 0 && "This is the first step.") || moment} onClick={() => void navigate(address(steps[index - 1]?.key))}>Back</Explained>
            {!lastStep && (
              <Explained appearance="primary" why={problem ?? moment} onClick={() => void navigate(address(steps[index + 1]?.key))}>Next</Explained>
            )}
            {finish.filter((f) => !f.early && (lastStep || f.always)).map(button)}
          </div>
        </div>
      </div>
      <Confirm
        open={blocker.state === "blocked"} title="Leave without finishing?" action="Leave"
        onConfirm={async () => { forget(); blocker.proceed?.(); }} onClose={() => { if (!leaving.current) blocker.reset?.(); }}
      >
        What you entered here is not kept.
      </Confirm>
    </Page>
  );
}
