import { Suspense, useEffect, useState } from "react";
import {
  Button, Drawer, DrawerBody, makeStyles, Menu, MenuDivider, MenuItem, MenuItemRadio, MenuList, MenuPopover, MenuTrigger, mergeClasses, MessageBar,
  MessageBarBody, MessageBarTitle, Spinner, Text, tokens,
} from "@fluentui/react-components";
import { NavigationRegular, PersonCircleRegular } from "@fluentui/react-icons";
import { NavLink, Outlet, useLocation, useNavigate } from "react-router";
import { useConnectionLost } from "@/api/connection";
import { areas } from "@/app/areas";
import { setLook, useLook, type Look } from "@/app/theme";
import { Gate } from "@/session/Gate";
import { roleName, useMe, useSignOut } from "@/session/me";

const useStyles = makeStyles({
  root: { display: "flex", flexDirection: "column", height: "100%", backgroundColor: tokens.colorNeutralBackground2 },
  top: {
    display: "flex", alignItems: "center", gap: tokens.spacingHorizontalM, height: "48px", flexShrink: 0, padding: `0 ${tokens.spacingHorizontalM}`,
    backgroundColor: tokens.colorNeutralBackground1, borderBottom: `1px solid ${tokens.colorNeutralStroke2}`,
  },
  brand: { display: "flex", alignItems: "center", gap: tokens.spacingHorizontalS, color: "inherit", textDecorationLine: "none", marginRight: "auto" },
  logo: { width: "24px", height: "24px" },
  burger: { "@media (min-width: 1001px)": { display: "none" } },
  middle: { display: "flex", flexGrow: 1, minHeight: 0 },
  side: {
    width: "14rem", flexShrink: 0, overflowY: "auto", padding: tokens.spacingHorizontalS, borderRight: `1px solid ${tokens.colorNeutralStroke2}`,
    "@media (max-width: 1000px)": { display: "none" },
  },
  links: { listStyleType: "none", margin: 0, padding: 0, display: "flex", flexDirection: "column", gap: "2px" },
  group: { padding: `${tokens.spacingVerticalM} ${tokens.spacingHorizontalM} ${tokens.spacingVerticalXS}`, color: tokens.colorNeutralForeground2, fontSize: tokens.fontSizeBase200 },
  link: {
    display: "flex", alignItems: "center", gap: tokens.spacingHorizontalM, padding: `${tokens.spacingVerticalS} ${tokens.spacingHorizontalM}`,
    borderRadius: tokens.borderRadiusMedium, color: tokens.colorNeutralForeground1, textDecorationLine: "none", fontSize: tokens.fontSizeBase300,
    ":hover": { backgroundColor: tokens.colorNeutralBackground1Hover },
    ":focus-visible": { outline: `2px solid ${tokens.colorStrokeFocus2}`, outlineOffset: "-2px" },
  },
  active: { backgroundColor: tokens.colorNeutralBackground1Selected, fontWeight: tokens.fontWeightSemibold, boxShadow: `inset 3px 0 0 ${tokens.colorBrandStroke1}` },
  icon: { fontSize: "20px", display: "flex" },
  main: { flexGrow: 1, minWidth: 0, minHeight: 0, display: "flex", flexDirection: "column", backgroundColor: tokens.colorNeutralBackground1 },
  skip: { position: "absolute", left: "-9999px", ":focus": { left: tokens.spacingHorizontalM, top: tokens.spacingVerticalS, zIndex: 10 } },
});

/** The frame around all pages: the way about, who is signed in, and whether the Director answers. */
export function Shell() {
  return (
    <Gate>
      <Frame />
    </Gate>
  );
}

function Frame() {
  const styles = useStyles();
  const [open, setOpen] = useState(false);
  const place = useLocation();
  useEffect(() => setOpen(false), [place.pathname]);
  return (
    <div className={styles.root}>
      <Button as="a" href="#main" className={styles.skip} onClick={(e) => { e.preventDefault(); document.getElementById("main")?.focus(); }}>Skip to the page</Button>
      <header className={styles.top}>
        <Button appearance="subtle" icon={<NavigationRegular />} aria-label="Open the menu" className={styles.burger} onClick={() => setOpen(true)} />
        <NavLink to="/" className={styles.brand}>
          <img src="/holdfast.svg" alt="" className={styles.logo} />
          <Text size={400} weight="semibold">Holdfast</Text>
        </NavLink>
        <Me />
      </header>
      <Lost />
      <div className={styles.middle}>
        <nav className={styles.side} aria-label="Holdfast"><Links /></nav>
        <Drawer type="overlay" open={open} onOpenChange={(_, d) => setOpen(d.open)} aria-label="Menu" size="small">
          <DrawerBody style={{ paddingTop: "12px" }}><nav aria-label="Holdfast"><Links /></nav></DrawerBody>
        </Drawer>
        <main id="main" tabIndex={-1} className={styles.main} style={{ outline: "none" }}>
          <Suspense fallback={<Spinner label="Loading" style={{ margin: "auto" }} />}>
            <Outlet />
          </Suspense>
        </main>
      </div>
    </div>
  );
}

function Links() {
  const styles = useStyles();
  const me = useMe();
  const { pathname } = useLocation();
  return (
    <ul className={styles.links}>
      {areas.filter((a) => !a.role || me.role >= a.role).map((area, i, all) => (
        <li key={area.path}>
          {area.group && area.group !== all[i - 1]?.group && <div className={styles.group}>{area.group}</div>}
          <NavLink
            to={area.path} end={area.path === "/"}
            className={({ isActive }) => mergeClasses(styles.link, (isActive || (area.also !== undefined && pathname.startsWith(`${area.also}/`))) && styles.active)}
          >
            <span className={styles.icon} aria-hidden>{area.icon}</span>
            {area.title}
          </NavLink>
        </li>
      ))}
    </ul>
  );
}

/** Says that the Director is out of reach, for as long as it is. */
function Lost() {
  const lost = useConnectionLost();
  return (
    <div aria-live="assertive">
      {lost && (
        <MessageBar intent="warning" layout="multiline">
          <MessageBarBody>
            <MessageBarTitle>The Director does not answer.</MessageBarTitle>
            What you see may be out of date. This page tries again by itself; backups that are running on Transporters go on.
          </MessageBarBody>
        </MessageBar>
      )}
    </div>
  );
}

function Me() {
  const me = useMe();
  const look = useLook();
  const signOut = useSignOut();
  const navigate = useNavigate();
  return (
    <Menu checkedValues={{ look: [look] }} onCheckedValueChange={(_, d) => setLook((d.checkedItems[0] ?? "system") as Look)}>
      <MenuTrigger disableButtonEnhancement>
        <Button appearance="subtle" icon={<PersonCircleRegular />}>{me.user}</Button>
      </MenuTrigger>
      <MenuPopover>
        <MenuList>
          <MenuItem disabled secondaryContent={roleName(me.role)}>{me.user}</MenuItem>
          <MenuDivider />
          <MenuItemRadio name="look" value="system">As the system looks</MenuItemRadio>
          <MenuItemRadio name="look" value="light">Light</MenuItemRadio>
          <MenuItemRadio name="look" value="dark">Dark</MenuItemRadio>
          <MenuDivider />
          <MenuItem onClick={() => void navigate("/me")}>Password and sessions</MenuItem>
          <MenuItem onClick={() => void signOut()}>Sign out</MenuItem>
        </MenuList>
      </MenuPopover>
    </Menu>
  );
}
