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
)

// hierarchies reads the files of hierarchies that the policy names, by column.
func (c policyConfig) hierarchies(env pipelines.Env) (map[string]*disclosure.File, error) {
	files := map[string]*disclosure.File{}
	for _, q := range c.Quasi {
		if q.HierarchyFile == "" {
			continue
		}
		data, err := os.ReadFile(env.Path(string(q.HierarchyFile)))
		if err != nil {
			return nil, messages.HierarchyUnreadable.With("column", q.Column, "why", pipelines.Unreadable(err))
		}
		var f *disclosure.File
		if strings.HasSuffix(strings.ToLower(string(q.HierarchyFile)), ".hrc") {
			f, err = disclosure.ReadHRC(q.Column, bytes.NewReader(data))
		} else {
			f, err = disclosure.ReadCSV(q.Column, bytes.NewReader(data), ';')
		}
		if err != nil {
			return nil, err
		}
		files[q.Column] = f
	}
	return files, nil
}

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
