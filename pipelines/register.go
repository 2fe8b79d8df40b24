package pipelines

import (
	"reflect"
	"slices"

	"github.com/hashicorp/go-hclog"
)

// LegalBasis is why a column with a mark leaves all the same: the law lets it out.
type LegalBasis struct {
	Column    string `json:"column"`
	Basis     string `json:"basis"`     // "D312-1-3/6"
	Documents string `json:"documents"` // which documents those are, in French
	Reason    string `json:"reason"`
}

// Lawful is the ability of a privacy stage to name the columns that leave with a mark
// because the law lets them out.
type Lawful interface {
	LegalBases() []LegalBasis
}

// Registered is the ability of a privacy stage to describe itself for the register of
// processing that article 30 of the GDPR asks for.
type Registered interface {
	Processing() Processing
}

// Processing is what a privacy stage knows of the processing that it is a part of, in French.
type Processing struct {
	Purpose      string         `json:"purpose"`
	Controller   string         `json:"controller"`
	DataSubjects []string       `json:"data_subjects"`
	Categories   []DataCategory `json:"categories"`
	Measures     []string       `json:"measures"` // sentences
	LegalBases   []LegalBasis   `json:"legal_bases"`
}

// DataCategory is columns that a policy treats alike.
type DataCategory struct {
	Role    string   `json:"role"`
	Columns []string `json:"columns"`
}

// RegisterEntry is one processing of the register: a pipeline, for those of its tenants
// for whom it is described alike.
type RegisterEntry struct {
	Pipeline string `json:"pipeline"`
	Processing
	Public        bool  `json:"public"` // something is published
	RetentionDays int64 `json:"retention_days"`
	Tenants       int   `json:"tenants"`
	Authorized    int   `json:"authorized_tenants"`

	tenants, authorized []string
}

// Register describes what the selected tasks do, in the order of the files. A pipeline
// without tenants counts as one. It contacts nothing.
func Register(p *Project, sel Selection, log hclog.Logger) (entries []RegisterEntry, err error) {
	base := offlineEnv(log)
	var entry *RegisterEntry
	last := ""
	diags := p.Tasks(sel, func(t Task) bool {
		if !t.Chain.Privacy.IsSet() {
			return true
		}
		if key := t.ID.Pipeline + "\x00" + fullSum(t.Policy); entry == nil || key != last {
			var privacy Privacy
			if privacy, err = As[Privacy](t.Chain.Privacy, taskEnv(p, t, base)); err != nil {
				err = &StepError{t.ID, "privacy", err}
				return false
			}
			r, ok := privacy.(Registered)
			if !ok {
				return true
			}
			last = key
			entry = entryOf(&entries, RegisterEntry{Pipeline: t.ID.Pipeline, Processing: r.Processing(), Public: len(t.Chain.Loads) > 0,
				RetentionDays: int64(p.Retention.Hours() / 24)})
		}
		if !slices.Contains(entry.tenants, t.ID.Tenant) {
			entry.tenants = append(entry.tenants, t.ID.Tenant)
		}
		if !t.held() && !slices.Contains(entry.authorized, t.ID.Tenant) {
			entry.authorized = append(entry.authorized, t.ID.Tenant)
		}
		return true
	})
	if err == nil && diags.HasErrors() {
		err = diags
	}
	for i := range entries {
		entries[i].Tenants, entries[i].Authorized = len(entries[i].tenants), len(entries[i].authorized)
	}
	return entries, err
}

// entryOf is the entry that says what e says, which becomes one of entries if none does.
func entryOf(entries *[]RegisterEntry, e RegisterEntry) *RegisterEntry {
	for i := range *entries {
		if have := &(*entries)[i]; have.Pipeline == e.Pipeline && have.Public == e.Public && reflect.DeepEqual(have.Processing, e.Processing) {
			return have
		}
	}
	*entries = append(*entries, e)
	return &(*entries)[len(*entries)-1]
}
