import { useEffect, useRef, useState, type ReactNode, type RefObject } from "react";
import { Breadcrumb, BreadcrumbButton, BreadcrumbDivider, BreadcrumbItem, makeStyles, Text, tokens, typographyStyles } from "@fluentui/react-components";
import { Fragment } from "react";
import { useNavigate } from "react-router";

const useStyles = makeStyles({
  page: { display: "flex", flexDirection: "column", height: "100%", minHeight: 0 },
  head: {
    display: "flex", flexWrap: "wrap", alignItems: "center", gap: tokens.spacingHorizontalM,
    padding: `${tokens.spacingVerticalL} ${tokens.spacingHorizontalXXL} ${tokens.spacingVerticalM}`,
  },
  titles: { display: "flex", flexDirection: "column", gap: tokens.spacingVerticalXXS, flexGrow: 1, minWidth: "16rem" },
  title: { ...typographyStyles.title2, margin: 0, outlineStyle: "none" },
  about: { color: tokens.colorNeutralForeground2 },
  actions: { display: "flex", flexWrap: "wrap", gap: tokens.spacingHorizontalS },
  body: {
    flexGrow: 1, minHeight: 0, overflowY: "auto", display: "flex", flexDirection: "column", gap: tokens.spacingVerticalL,
    padding: `0 ${tokens.spacingHorizontalXXL} ${tokens.spacingVerticalXXL}`,
  },
  filled: { overflowY: "hidden" },
  // What lies in a page that scrolls keeps its height.
  rigid: { "& > *": { flexShrink: 0 } },
  crumbs: { marginLeft: `calc(-1 * ${tokens.spacingHorizontalS})` },
});

export interface Crumb {
  text: string;
  to: string;
}

interface Props {
  title: string;
  about?: ReactNode;
  crumbs?: Crumb[];
  actions?: ReactNode;
  /** The body does not scroll by itself: a table in it does. */
  filled?: boolean;
  children: ReactNode;
}

/** The frame of every page: where it is, what it is called, what can be done. The title takes the focus when it opens. */
export function Page({ title, about, crumbs, actions, filled, children }: Props) {
  const styles = useStyles();
  const navigate = useNavigate();
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    document.title = `${title} · Holdfast`;
  }, [title]);
  useEffect(() => {
    // Only when nothing else on the page took it (a search box, a dialog).
    if (document.activeElement === document.body) heading.current?.focus({ preventScroll: true });
  }, []);
  const body = useRef<HTMLDivElement>(null);
  const stop = useScrollStop(body);
  return (
    <div className={styles.page}>
      <header className={styles.head}>
        <div className={styles.titles}>
          {crumbs && (
            <Breadcrumb aria-label="Where this page is" size="small" className={styles.crumbs}>
              {crumbs.map((c, i) => (
                <Fragment key={c.to}>
                  {i > 0 && <BreadcrumbDivider />}
                  <BreadcrumbItem>
                    <BreadcrumbButton href={c.to} onClick={(e) => { e.preventDefault(); void navigate(c.to); }}>
                      {c.text}
                    </BreadcrumbButton>
                  </BreadcrumbItem>
                </Fragment>
              ))}
            </Breadcrumb>
          )}
          <h1 ref={heading} tabIndex={-1} className={styles.title}>{title}</h1>
          {about && <Text className={styles.about}>{about}</Text>}
        </div>
        <div className={styles.actions}>{actions}</div>
      </header>
      <div ref={body} tabIndex={stop ? 0 : undefined} className={`${styles.body} ${filled ? styles.filled : styles.rigid}`}>{children}</div>
    </div>
  );
}

/** Whether something scrolls and has nothing in it that takes the focus: it must take it then, to be scrolled by keys. */
function useScrollStop(ref: RefObject<HTMLDivElement | null>): boolean {
  const [stop, setStop] = useState(false);
  useEffect(() => {
    const element = ref.current;
    if (!element) return undefined;
    const look = () => setStop(
      element.scrollHeight > element.clientHeight + 1 && !element.querySelector('a[href], button, input, select, textarea, [tabindex="0"]'),
    );
    look();
    const seen = new ResizeObserver(look);
    seen.observe(element);
    return () => seen.disconnect();
  });
  return stop;
}
