package pipelines

// FormatVersion is the version of everything that decides which bytes are
// written for given rows: it is part of every release id.
const FormatVersion = 1

// FileInfo describes a sealed file.
type FileInfo struct {
	Name   string            `json:"name"`
	Format string            `json:"format"`
	Rows   int64             `json:"rows"`
	Bytes  int64             `json:"bytes"`
	SHA256 string            `json:"sha256"` // lower-case hexadecimal
	Schema []ColumnInfo      `json:"schema"`
	Extra  map[string]string `json:"extra,omitempty"`
}

// ColumnInfo is a column of a published file.
type ColumnInfo struct {
	Name     string `json:"name"`
	Type     string `json:"type"` // as written in a pipeline file: decimal(12, 2)
	Nullable bool   `json:"nullable"`
}

// Manifest is the public description of a release. It names no person, no
// input and no count of what was left out. The sink adds files and release id.
type Manifest struct {
	FormatVersion int         `json:"format_version"`
	Release       string      `json:"release"`
	Dataset       string      `json:"dataset"`
	Tenant        string      `json:"tenant,omitempty"`
	Partition     string      `json:"partition,omitempty"`
	Policy        string      `json:"policy_sha256"`
	Privacy       []string    `json:"privacy,omitempty"` // the public paragraph, one sentence each
	Protection    *Protection `json:"protection,omitempty"`
	Checks        []string    `json:"checks,omitempty"`
	// Relaxed are the rules that the release does not keep by itself.
	Relaxed  []Relaxation `json:"relaxed,omitempty"`
	Files    []FileInfo   `json:"files"`
	Versions Versions     `json:"versions"`

	// Formerly are the names this task had before; a release of one of them may
	// be replaced, one of any other task may not. Not published.
	Formerly []TaskID `json:"-"`

	// Supersedes says that no older release stays where this one is published: once it
	// is current the others are removed, without grace. Not published.
	Supersedes bool `json:"-"`

	// Stays, when not empty, is a release of the same rows under the same rule, whose bytes
	// differ by keys that nobody has any more. Where it is still current, as a Staying seal
	// said, it stays, and publishing only heals. Not published.
	Stays string `json:"-"`
}

// Versions are the versions of what wrote the bytes.
type Versions struct {
	Lavoir string `json:"lavoir"`
	Format int    `json:"format"`
}

// Receipt says what publishing did.
type Receipt struct {
	Release    string   `json:"release"`
	Changed    bool     `json:"changed"`              // the pointer was moved
	Previous   string   `json:"previous,omitempty"`   // the release it pointed to before
	Generation int64    `json:"generation,omitempty"` // how often the pointer was moved
	Where      string   `json:"where"`                // the folder or bucket and prefix; no credentials
	Healed     []string `json:"healed,omitempty"`     // stable names written again
	Pending    []string `json:"pending,omitempty"`    // stable names that could not be replaced yet: exit 5
	Collected  int      `json:"collected,omitempty"`  // leftovers removed
	Remaining  int      `json:"remaining,omitempty"`  // older releases that should have been removed: exit 5
}
