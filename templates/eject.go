package templates

import (
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"
)

// sharedFolder is where a theme may keep parts of its own in the place of those
// that all themes share.
const sharedFolder = "shared"

// Eject gives the files of a built-in theme by their path, to be edited in a
// folder of its own: each begins with a comment that says what it is. Until
// something in them is changed mails are the same, byte for byte.
func Eject(name string) (map[string]string, error) {
	folder, err := BuiltIn(name)
	if err != nil {
		return nil, err
	}
	source, err := ReadSource(folder, Look{})
	if err != nil {
		return nil, fmt.Errorf("eject theme %s: %w", name, err)
	}
	out := map[string]string{}
	for file, text := range source.Own {
		out[file] = explained(file, text)
	}
	for file, text := range source.Shared {
		if _, replaced := source.Own[file]; !replaced {
			out[sharedFolder+"/"+file] = explained(file, text)
		}
	}
	return out, nil
}

// explanations say what the files of themes are.
var explanations = map[string]string{
	"digest.html": `The HTML of a digest. {{.Name}} and the like are fields of it: docs/templates.md has them all, and
"broadsheet check" tells of a wrong one by its line. Classes get their style from the rules in look.html,
which are put into style attributes when the theme is loaded; comments and indentation are left out.
A kind of digest may have a file of its own: daily, weekly, breaking, letter, welcome or correction.`,
	"digest.txt": `The text of a digest, for those who read no HTML. Lines are broken by wrap, at 72 columns; no line of
words may do without it. An empty line more than one is left out.`,
	"look.html": `The colours, the fonts and the rules of all mails. Variables such as --ink stand in :root, once for
the light and once for the dark; [theme] in broadsheet.toml may set others. Rules for types, classes and ids
go into the style attributes of elements. All others, such as those of @media, stay in a style element,
which not every mail program reads.`,
	"notice.html": `The HTML of mails of the system: to confirm, to say goodbye, to tell operators. Keep the button:
its link is what the mail is for.`,
	"notice.txt": `The text of mails of the system.`,
	"parts.html": `What every mail begins and ends with. Comments of the form [if mso] are for Outlook on Windows and
stay as they are.`,
}

// explained puts a comment before a file. Nothing comes between the two, so
// that the file says what it said.
func explained(file, text string) string {
	words := explanations[file]
	if words == "" {
		words = `Parts that the mails of this theme use by {{template "name" .}}.`
	}
	if strings.HasSuffix(file, ".txt") {
		return "{{/*\n" + words + "\n*/}}" + text
	}
	words = strings.NewReplacer("{{", "{", "}}", "}").Replace(words)
	return "<!--\n" + words + "\n-->" + text
}

// readShared takes the shared parts that a theme has of its own.
func (s *Source) readShared(folder fs.FS) error {
	if info, err := fs.Stat(folder, sharedFolder); err != nil || !info.IsDir() {
		return nil
	}
	sub, err := fs.Sub(folder, sharedFolder)
	if err != nil {
		return err
	}
	own := map[string]string{}
	if err := readFiles(sub, own); err != nil {
		return err
	}
	maps.Copy(s.Shared, own)
	return nil
}

// Files are the names of the theme's own files.
func (s *Source) Files() []string { return slices.Sorted(maps.Keys(s.Own)) }
