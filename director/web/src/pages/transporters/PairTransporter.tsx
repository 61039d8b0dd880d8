import { useState } from "react";
import { Accordion, AccordionHeader, AccordionItem, AccordionPanel, Button, Field, Input, makeStyles, Spinner, Text, Textarea, tokens } from "@fluentui/react-components";
import { useMutation } from "@connectrpc/connect-query";
import { useNavigate } from "react-router";
import { refresh } from "@/api/refresh";
import { TransporterService } from "@/gen/holdfast/director/v1/inventory_pb";
import { Explained } from "@/parts/Explained";
import { FaultNote } from "@/parts/FaultNote";
import { Page } from "@/parts/Page";
import { useToasts } from "@/parts/Toasts";
import { Role, useForbidden } from "@/session/me";

const useStyles = makeStyles({
  form: { display: "flex", flexDirection: "column", gap: tokens.spacingVerticalM, maxWidth: "36rem" },
  code: { fontFamily: tokens.fontFamilyMonospace, backgroundColor: tokens.colorNeutralBackground3, padding: "0 4px", borderRadius: tokens.borderRadiusSmall },
  mono: { fontFamily: tokens.fontFamilyMonospace },
  foot: { display: "flex", gap: tokens.spacingHorizontalS },
});

/** The port of a Transporter's control service, where the address names none. */
const port = ":9446";

function withPort(address: string): string {
  const a = address.trim();
  return a === "" || /:\d+$/.test(a) ? a : a + port;
}

/** Adds a Transporter by its address and the code that it printed. */
export function PairTransporter() {
  const styles = useStyles();
  const navigate = useNavigate();
  const tell = useToasts();
  const forbidden = useForbidden(Role.ADMINISTRATOR);
  const [name, setName] = useState("");
  const [address, setAddress] = useState("");
  const [code, setCode] = useState("");
  const [host, setHost] = useState("");
  const pair = useMutation(TransporterService.method.pairTransporter, {
    onSuccess: async (answer) => {
      await refresh(TransporterService);
      tell.done(`${name.trim()} was paired`);
      void navigate(`/transporters/${answer.transporter?.id ?? ""}`);
    },
  });
  const problem = forbidden ?? (!name.trim() ? "Give it a name." : !address.trim() ? "Enter its address." : !code.trim() ? "Paste its pairing code." : pair.isPending && "One moment.");
  const submit = () => {
    if (!problem) pair.mutate({ name: name.trim(), address: withPort(address), pairingCode: code.trim(), transferHost: host.trim() });
  };
  return (
    <Page title="Add a Transporter" crumbs={[{ text: "Transporters", to: "/transporters" }]}>
      <form className={styles.form} onSubmit={(e) => { e.preventDefault(); submit(); }}>
        <Text>
          Install Holdfast’s Transporter on the machine that shall do the work, or start it on this one. As long as it is not paired it prints a
          pairing code when it starts, and keeps it in the file <span className={styles.code}>pairing-code</span> of its data folder. The code is good once.
        </Text>
        <Field label="Name" hint="What it is called here, for example its site." required>
          <Input value={name} onChange={(_, d) => setName(d.value)} />
        </Field>
        <Field label="Address" hint="Its host name or IP address; with another port than 9446, host:port." required>
          <Input value={address} spellCheck={false} autoComplete="off" onChange={(_, d) => setAddress(d.value)} />
        </Field>
        <Field label="Pairing code" required>
          <Textarea value={code} rows={3} spellCheck={false} autoComplete="off" textarea={{ className: styles.mono }} onChange={(_, d) => setCode(d.value)} />
        </Field>
        <Accordion collapsible>
          <AccordionItem value="transfer">
            <AccordionHeader size="small">Other Transporters reach it under another address</AccordionHeader>
            <AccordionPanel>
              <Field label="Host for transfers" hint="Empty: the host of the address above. Ports 9448 to 10000 have to be open to other Transporters where it keeps a repository.">
                <Input value={host} spellCheck={false} autoComplete="off" onChange={(_, d) => setHost(d.value)} />
              </Field>
            </AccordionPanel>
          </AccordionItem>
        </Accordion>
        {pair.error && <FaultNote title="It could not be paired" error={pair.error} />}
        <div className={styles.foot}>
          <Explained type="submit" appearance="primary" why={problem} icon={pair.isPending ? <Spinner size="tiny" /> : undefined}>Pair it</Explained>
          <Button onClick={() => void navigate("/transporters")}>Cancel</Button>
        </div>
      </form>
    </Page>
  );
}
