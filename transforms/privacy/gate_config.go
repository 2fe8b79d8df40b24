package privacy

import (
	"time"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// gateConfig is what is asked of a file besides the model.
type gateConfig struct {
	MaxProsecutorRisk float64       `hcl:"max_prosecutor_risk,optional" doc:"The greatest risk of a row, which is one by the rows of its class, or by the different persons where subject is given; from 0 to 1, 0 for no limit. An approver may relax it."`
	MaxUniques        int64         `hcl:"max_uniques,optional" doc:"How many rows, or persons where subject is given, may be alone with their quasi-identifiers as they stand in the file, null being a value of its own there; -1 for no limit. An approver may relax it."`
	CompareWith       string        `hcl:"compare_with,optional" doc:"What a release is compared with before it is published: all_public, the default beside a model, clear or microaggregate, every release that can still be read there; none, nothing." values:"all_public|none"`
	OnSmallDifference string        `hcl:"on_small_difference,optional" doc:"What becomes of a release that would tell fewer than k apart beside one that is still public: hold, the default, leaves what is public and tries again at the next run; refuse fails. Beside a model an approver may accept the difference, up to a number of classes." values:"hold|refuse"`
	MaxHold           time.Duration `hcl:"max_hold,optional" doc:"How long a release may be held before that is a failure, as 90d, counted from when it first was; 90 days unless given."`
	Supersede         string        `hcl:"supersede,optional" doc:"erase removes every older release of the place, without grace, once the new one is current, which is then compared with none; copies that others made cannot be called back." values:"erase"`
}

const defaultHold = 90 * 24 * time.Hour

func (g *gateConfig) Validate() error {
	if err := g.thresholdsAreSound(); err != nil {
		return err
	}
	if g.MaxHold > 0 && g.OnSmallDifference == "refuse" {
		return pipelines.At("max_hold", messages.WrongGate.With("why", "max_hold with refuse"))
	}
	return nil
}

// compared refuses what only a policy whose releases are compared gives a meaning to.
func (g *gateConfig) compared(are bool) error {
	if g != nil && !are && (g.CompareWith != "" || g.OnSmallDifference != "" || g.MaxHold > 0) {
		return messages.WrongGate.With("why", "a comparison of releases without a model, clear or microaggregate")
	}
	return nil
}
