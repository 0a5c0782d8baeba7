import type { AttachmentView } from "../../protocol/attachment.ts";

/** A file that a row carries. Its key is in no database: the files of this daemon derive it when the row is sealed. */
export type Carried = AttachmentView;

export function carriedOf({ attachments }: { readonly attachments: string }): readonly Carried[] {
  return attachments === "" ? [] : (JSON.parse(attachments) as Carried[]);
}

export function carriedText(carried: readonly Carried[]): string {
  return carried.length === 0 ? "" : JSON.stringify(carried);
}
