package pipelines

import (
	"context"

	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// Explorer is the ability of a privacy stage to say what its rules cost, before
// anything is published. It owns in. Nothing it gives holds a value of a row. That rows
// there are do not fit the rules is no error but Refused, where more can be told than that.
type Explorer interface {
	Explore(ctx context.Context, in Stream) (*Exploration, error)
}

// Exploration is what a record model would do to rows, and what else it could do.
type Exploration struct {
	// Search is how the rows are grouped: "levels" for all; "persons", the same where what
	// leaves tells which rows are of one person; "mondrian", each group with ranges of its
	// own; "microaggregate", means of groups.
	Search  string        `json:"search"`
	Model   ExploredModel `json:"model,omitzero"`
	Columns []string      `json:"quasi_identifiers"` // in the order of the policy, as all levels are
	Heights []int         `json:"heights"`           // their greatest levels
	// LevelNames are the names of their levels, from the value itself on, which has none, in
	// French.
	LevelNames [][]string `json:"level_names"`
	Rows       int64      `json:"rows"`
	// Rejected are rows that could not be read, which are among none of the figures.
	Rejected int64    `json:"rejected"`
	Before   Exposure `json:"before,omitzero"` // the rows as they stand
	// Optimum is what a run chooses; nil: there is nothing to choose, or Refused says why
	// nothing can be. Optimal says that nothing loses less by the metric; else it is the
	// best that was come by.
	Optimum *Choice  `json:"optimum"`
	Optimal bool     `json:"optimal"`
	After   Exposure `json:"after,omitzero"` // the rows that stay at the optimum
	// NoLevels says that there are none to choose: those of Optimum are null.
	NoLevels  bool           `json:"no_levels,omitempty"`
	Partition *Partition     `json:"partition,omitempty"`       // of "mondrian"
	Means     []ExploredMean `json:"microaggregates,omitempty"` // of "microaggregate"
	// Alternatives are the cheapest choices within the limit of those that differ from
	// the optimum in one column, the cheapest first.
	Alternatives []Choice         `json:"alternatives"`
	Costs        []ColumnCost     `json:"columns"`
	Refused      *ExploredRefusal `json:"refused,omitempty"`
	// Thresholds are those that the gate would hold the optimum against.
	Thresholds []ExploredThreshold `json:"gate,omitempty"`
	// Acceptances are what approvers accepted of this very policy, of which nothing was
	// applied: see Accept.
	Acceptances []ExploredAcceptance `json:"acceptances,omitempty"`
}

// ExploredModel is what the rows must keep. What is 0 is not asked.
type ExploredModel struct {
	K              int     `json:"k,omitempty"`
	KMap           int     `json:"k_map,omitempty"` // persons of the population
	MaxAverageRisk float64 `json:"max_average_risk,omitempty"`
	Together       bool    `json:"sensitive_judged_together,omitempty"` // each sensitive column with the others known
	Suppression    float64 `json:"suppression_limit"`
	Metric         string  `json:"metric"`
}

// Choice is a level for each quasi-identifier and what it comes to.
type Choice struct {
	Levels     []int   `json:"levels"`
	Score      float64 `json:"score"` // of the metric; less is better
	Suppressed int64   `json:"suppressed"`
	Classes    int64   `json:"classes"` // that stay
}

// Partition is the groups of rows that Mondrian makes.
type Partition struct {
	Sizes []ClassSizes `json:"sizes"`
	Loss  []ColumnLoss `json:"loss"`
}

// ColumnLoss is how far the values of a quasi-identifier are generalised: 0 as they are, 1
// where any may be any other.
type ColumnLoss struct {
	Column string  `json:"column"`
	Share  float64 `json:"share"`
}

// ExploredMean is a group of columns whose values leave as means.
type ExploredMean struct {
	Name    string       `json:"group"`
	Columns []ColumnLoss `json:"columns"` // the part of their variance that is lost
	K       int          `json:"k"`
	Persons bool         `json:"persons,omitempty"` // k counts persons; sizes are of rows
	Groups  int64        `json:"groups"`
	Emptied int64        `json:"emptied_rows"` // whose values leave as null
	Sizes   []ClassSizes `json:"sizes"`
	Loss    float64      `json:"loss"` // the mean over the columns
}

// ColumnCost is what a quasi-identifier costs: the optimum when it is left out of the
// data, whose score is that of the other columns, and the optimum that leaves it at
// its least level. nil: there is none. Where there are no levels none is held, and Without is
// what the groups of the other columns lose.
type ColumnCost struct {
	Column  string  `json:"column"`
	Without *Choice `json:"without"`
	Kept    *Choice `json:"kept"`
}

// ExploreTask reads the rows of a planned task up to its privacy stage and has that
// explored. Rows that cannot be read are left out and counted.
func ExploreTask(ctx context.Context, p *Project, t Task, opt RunOptions) (*Exploration, error) {
	r, err := newRun(ctx, p, opt, 1)
	if err != nil {
		return nil, err
	}
	defer r.close()
	env := r.env(t, r.dir)
	env.accepting = nil // it tells what is chosen without
	f, err := BuildFlow(t, env)
	if err != nil {
		return nil, err
	}
	x, ok := f.Privacy.(Explorer)
	if !ok {
		return nil, messages.NotExplorable.With()
	}
	return f.explore(ctx, env, x)
}

func (f *Flow) explore(ctx context.Context, env Env, x Explorer) (*Exploration, error) {
	r, rows, err := f.untilPrivacy(ctx, env)
	if err != nil {
		return nil, err
	}
	found, err := x.Explore(ctx, rows)
	if err != nil {
		return nil, r.at("privacy", err)
	}
	found.Rejected = r.log.count
	if found.Refused != nil {
		found.Refused.Err = r.at("privacy", found.Refused.Err)
	}
	return found, nil
}

// untilPrivacy gives the rows that reach the privacy stage, but for those that cannot
// be read, which r counts.
func (f *Flow) untilPrivacy(ctx context.Context, env Env) (r *flowRun, in Stream, err error) {
	r = &flowRun{Flow: f, env: env, opt: FlowOptions{Workers: 1}, log: &rejectLog{policy: RejectPolicy{Action: "drop"}}}
	schema, err := r.schema(ctx)
	if err != nil {
		return nil, nil, r.at(r.SourceName, err)
	}
	if r.bind, err = r.Bind(ctx, schema, true); err != nil {
		return nil, nil, err
	}
	in, err = r.read(ctx, r.bind, r.opt.Workers, r.seed(), r.log.take, nil)
	return r, in, err
}
