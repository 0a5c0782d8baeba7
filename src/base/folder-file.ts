/** A file, or a folder, that a program keeps in its own folder. */
export interface FolderFile {
  readonly name: string;
  /** `empty`: it holds nothing, and is there to be locked or dialled. */
  readonly kind: "file" | "database" | "folder" | "empty";
  /** Whoever reads it can act as its owner or read what only that one may: nothing starts while others can. */
  readonly secret: boolean;
  /** `always` in a backup; `messages`: unless it is made with the keys alone; `never`: of this host, or of this run. */
  readonly backup: "always" | "messages" | "never";
  /** Of a folder that a backup takes: the files in it that it takes, all of them the user's own programs. Absent: none. */
  readonly programs?: (name: string) => boolean;
  /** What it is, for people. */
  readonly what: string;
}
