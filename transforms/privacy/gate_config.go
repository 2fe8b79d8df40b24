package privacy

// gateConfig is what is asked of a file besides the model.
type gateConfig struct {
	MaxProsecutorRisk float64 `hcl:"max_prosecutor_risk,optional" doc:"The greatest risk of a row, which is one by the rows of its class, or by the different persons where subject is given; from 0 to 1, 0 for no limit. An approver may relax it."`
	MaxUniques        int64   `hcl:"max_uniques,optional" doc:"How many rows, or persons where subject is given, may be alone with their quasi-identifiers as they stand in the file, null being a value of its own there; -1 for no limit. An approver may relax it."`
}

func (g *gateConfig) Validate() error { return g.thresholdsAreSound() }
