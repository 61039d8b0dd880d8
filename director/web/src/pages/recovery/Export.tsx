import { Menu, MenuButton, MenuItem, MenuList, MenuPopover, MenuTrigger } from "@fluentui/react-components";
import { ArrowDownloadRegular } from "@fluentui/react-icons";
import { download } from "@/api/download";
import type { Part } from "@/pages/recovery/draft";
import { useToasts } from "@/parts/Toasts";

const formats: [format: string, title: string, about: string][] = [
  ["eml", "Messages as files (.eml)", "In folders; any mail program opens them"],
  ["mbox", "mbox", "A file for each folder, as Thunderbird keeps mail"],
  ["maildir", "Maildir", "As mail servers keep mail"],
];

function fieldsOf(part: Part, format: string): [string, string][] {
  const fields: [string, string][] = [["repository", part.point.repositoryId], ["point", part.point.id], ["format", format]];
  if (part.whole) return fields;
  for (const id of part.folders.keys()) fields.push(["folder", id]);
  for (const key of part.messages.keys()) fields.push(["message", key]);
  return fields;
}

/** Brings what was chosen of a point to this computer, as a zip archive; Microsoft is not asked. */
export function Export({ part, title, size = "small" }: { part: Part; title: string; size?: "small" | "medium" }) {
  const tell = useToasts();
  return (
    <Menu>
      <MenuTrigger disableButtonEnhancement><MenuButton size={size} icon={<ArrowDownloadRegular />}>{title}</MenuButton></MenuTrigger>
      <MenuPopover>
        <MenuList>
          {formats.map(([format, name, about]) => (
            <MenuItem
              key={format} subText={about}
              onClick={() => {
                download("/download/export", fieldsOf(part, format), (e) => tell.failed("The export was not downloaded", e));
                tell.done("The export begins", "Your browser saves it as a zip archive while it is made.");
              }}
            >
              {name}
            </MenuItem>
          ))}
        </MenuList>
      </MenuPopover>
    </Menu>
  );
}
