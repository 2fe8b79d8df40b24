package pipelines

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"regexp"
	"strings"
)

// fileNames are the parts that are not empty as names of files or folders: no
// two tasks share theirs, and none climbs out of a folder.
func (t TaskID) fileNames() []string {
	var names []string
	for _, part := range []string{t.Pipeline, t.Tenant, t.Partition} {
		if part != "" {
			names = append(names, fileName(part))
		}
	}
	return names
}

// fileName is text as the name of a file, which is that of no other text on any
// system: Windows and some shares take names that differ only in case, or only
// in how an accent is composed, for one. Letters without accents, digits, - and _
// are themselves, as are dots within; all else is %XX. Where case counts, or
// the name would be too long, the start of the text's hash follows a sign that
// is in no other name.
func fileName(text string) string {
	var b strings.Builder
	capitals := false
	for i := range len(text) {
		c := text[i]
		within := i > 0 && i < len(text)-1
		switch {
		case c >= 'A' && c <= 'Z':
			capitals = true
			fallthrough
		case c >= 'a' && c <= 'z', c >= '0' && c <= '9', c == '-', c == '_', c == '.' && within:
			b.WriteByte(c)
		default:
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	name := b.String()
	if reservedName.MatchString(name) {
		name = fmt.Sprintf("%%%02X", name[0]) + name[1:]
	}
	if !capitals && len(name) <= longName {
		return name
	}
	sum := sha256.Sum256([]byte(text))
	return name[:min(len(name), longName)] + "=" + hex.EncodeToString(sum[:10])
}

// longName is how long a name gets before its end is left to a hash: three of
// them and the name of a run are a name that every file system takes.
const longName = 48

// reservedName are the devices of Windows, and the folder of a task's journal
// where one of its tenants or partitions could be.
var reservedName = regexp.MustCompile(`(?i)^((con|prn|aux|nul|com[0-9]|lpt[0-9])(\.|$)|` + JournalFolder + `$)`)
