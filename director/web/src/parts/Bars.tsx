import { makeStyles, tokens } from "@fluentui/react-components";

const useStyles = makeStyles({
  root: { display: "flex", flexDirection: "column", gap: tokens.spacingVerticalS },
  bars: { display: "flex", alignItems: "flex-end", gap: "4px", height: "120px", borderBottom: `1px solid ${tokens.colorNeutralStroke2}` },
  bar: { flexGrow: 1, flexBasis: 0, display: "flex", flexDirection: "column-reverse", height: "100%", minWidth: "4px" },
  labels: { display: "flex", justifyContent: "space-between", color: tokens.colorNeutralForeground2, fontSize: tokens.fontSizeBase200 },
  legend: { display: "flex", flexWrap: "wrap", gap: tokens.spacingHorizontalL, fontSize: tokens.fontSizeBase200 },
  key: { display: "inline-flex", alignItems: "center", gap: tokens.spacingHorizontalXS },
  swatch: { width: "10px", height: "10px", borderRadius: "2px" },
  hidden: { position: "absolute", width: "1px", height: "1px", overflow: "hidden", clipPath: "inset(50%)", whiteSpace: "nowrap" },
});

/** A part of each bar. */
export interface Series {
  name: string;
  /** A colour of the theme. */
  color: string;
}

export interface Bar {
  label: string;
  /** One value for each series. */
  values: number[];
}

interface Props {
  /** What the bars tell, for who cannot see them. */
  title: string;
  series: Series[];
  bars: Bar[];
  format?: (n: number) => string;
}

/** Bars in a row, in parts. For screen readers the same is a table. */
export function Bars({ title, series, bars, format = String }: Props) {
  const styles = useStyles();
  const most = Math.max(1, ...bars.map((b) => b.values.reduce((sum, v) => sum + v, 0)));
  const said = (b: Bar) => `${b.label}: ${series.map((s, i) => `${s.name} ${format(b.values[i] ?? 0)}`).join(", ")}`;
  return (
    <div className={styles.root}>
      <div className={styles.bars} aria-hidden>
        {bars.map((b) => (
          <div key={b.label} className={styles.bar} title={said(b)}>
            {series.map((s, i) => <div key={s.name} style={{ height: `${((b.values[i] ?? 0) / most) * 100}%`, backgroundColor: s.color }} />)}
          </div>
        ))}
      </div>
      <div className={styles.labels} aria-hidden><span>{bars[0]?.label}</span><span>{bars.at(-1)?.label}</span></div>
      <div className={styles.legend} aria-hidden>
        {series.map((s) => <span key={s.name} className={styles.key}><span className={styles.swatch} style={{ backgroundColor: s.color }} />{s.name}</span>)}
      </div>
      <table className={styles.hidden}>
        <caption>{title}</caption>
        <thead><tr><th scope="col">Day</th>{series.map((s) => <th key={s.name} scope="col">{s.name}</th>)}</tr></thead>
        <tbody>{bars.map((b) => <tr key={b.label}><th scope="row">{b.label}</th>{series.map((s, i) => <td key={s.name}>{format(b.values[i] ?? 0)}</td>)}</tr>)}</tbody>
      </table>
    </div>
  );
}
