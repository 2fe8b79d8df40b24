package privacy

import (
	"bytes"
	"os"
	"strconv"
	"strings"

	"github.com/apache/arrow/go/v15/arrow"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
	"github.com/lavoir-data/lavoir/transforms/internal/disclosure"
	"github.com/lavoir-data/lavoir/transforms/internal/protect"
)

// hierarchies reads the files of hierarchies that the policy names, by column.
func (c policyConfig) hierarchies(env pipelines.Env) (map[string]*disclosure.File, error) {
	files := map[string]*disclosure.File{}
	for _, q := range c.Quasi {
		if q.HierarchyFile == "" {
			continue
		}
		f, err := readHierarchy(env, q.Column, string(q.HierarchyFile))
		if err != nil {
			return nil, atBlock("quasi", q.Column, pipelines.At("hierarchy_file", err))
		}
		files[q.Column] = f
	}
	for _, s := range c.Sensitive {
		if s.Closeness == nil || s.Closeness.File == "" {
			continue
		}
		f, err := readHierarchy(env, s.Column, string(s.Closeness.File))
		if err != nil {
			return nil, atBlock("sensitive", s.Column, pipelines.At("closeness", pipelines.At("hierarchy_file", err)))
		}
		files[s.Column] = f
	}
	return files, nil
}

// postcodes reads the tables of postcodes that the policy names, by column.
func (c policyConfig) postcodes(env pipelines.Env) (map[string]*protect.PostcodeTable, error) {
	tables := map[string]*protect.PostcodeTable{}
	for _, q := range c.Quasi {
		if q.PostcodeFile == "" {
			continue
		}
		data, err := os.ReadFile(env.Path(string(q.PostcodeFile)))
		if err != nil {
			return nil, atBlock("quasi", q.Column, pipelines.At("postcode_file", messages.HierarchyUnreadable.With("column", q.Column, "why", pipelines.Unreadable(err))))
		}
		if tables[q.Column], err = readPostcodes.of(data, func(data []byte) (*protect.PostcodeTable, error) {
			return protect.ReadPostcodes(bytes.NewReader(data))
		}); err != nil {
			return nil, atBlock("quasi", q.Column, pipelines.At("postcode_file", err))
		}
	}
	return tables, nil
}

// atBlock says that err is about the block of a column.
func atBlock(kind, column string, err error) error {
	return pipelines.At(kind+" "+strconv.Quote(column), err)
}

func readHierarchy(env pipelines.Env, column, path string) (*disclosure.File, error) {
	data, err := os.ReadFile(env.Path(path))
	if err != nil {
		return nil, messages.HierarchyUnreadable.With("column", column, "why", pipelines.Unreadable(err))
	}
	if strings.HasSuffix(strings.ToLower(path), ".hrc") {
		return readHRC.of(data, func(data []byte) (*disclosure.File, error) { return disclosure.ReadHRC(column, bytes.NewReader(data)) })
	}
	if bytes.Contains(data, []byte(",")) && !bytes.Contains(data, []byte(";")) { // each line would be one value without levels
		return nil, messages.HierarchyLine.With("column", column, "line", 1, "why", "its levels stand between commas, and not between semicolons")
	}
	return readCSV.of(data, func(data []byte) (*disclosure.File, error) {
		return disclosure.ReadCSV(column, bytes.NewReader(data), ';')
	})
}

var (
	readHRC, readCSV once[disclosure.File]
	readPostcodes    once[protect.PostcodeTable]
)

// What is told of texts of which some characters are shown.
const shownLevel, shownDomain = "premiers et derniers caractères", "textes"

// leaves is the hierarchy of a file as a way to generalise: its levels but for
// the one that hides everything, which is none of theirs.
type leaves struct{ *disclosure.File }

func (l leaves) Levels() []string {
	names := make([]string, l.Height())
	for i := range names {
		names[i] = "niveau " + strconv.Itoa(i+1)
	}
	if l.Hides() {
		names = names[:len(names)-1]
	}
	return names
}

func (l leaves) Domain() string { return "les valeurs du fichier de la hiérarchie" }

func (l leaves) Labels(dst []string, a arrow.Array, i int) ([]string, bool) {
	dst, ok := l.File.Labels(dst, string(textOf(a)(nil, i)))
	if ok && l.Hides() {
		dst = dst[:len(dst)-1]
	}
	return dst, ok
}
