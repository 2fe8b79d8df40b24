package pipelines

import "context"

// Protecting is the ability of a privacy stage to tell the public, column by column,
// what it does. What it gives follows from the policy and from the levels that were
// chosen: it counts no row, and names no input (invariant 11). d is what was decided,
// nil when nothing had to be.
type Protecting interface {
	Protection(d Decision) *Protection
}

// Protection is what became of the columns of a release, and why.
type Protection struct {
	Purpose  string            `json:"purpose,omitempty"`
	Subjects []string          `json:"data_subjects,omitempty"`
	Columns  []ProtectedColumn `json:"columns"`
	Model    *ProtectedModel   `json:"model,omitempty"`
	Opposed  bool              `json:"opposition,omitempty"` // rows of those who objected were dropped
	// Verified is what the gate found to hold of each file, besides the model.
	Verified []Verified `json:"verified,omitempty"`
	// Anonymous says that the criteria hold under which the data may be called so.
	// Open are those that do not; one of the two is always told.
	Anonymous bool        `json:"anonymous"`
	Open      []Criterion `json:"open,omitempty"`
}

// ProtectedColumn is a column of the policy.
type ProtectedColumn struct {
	Name      string    `json:"name"`
	Role      Role      `json:"role"`
	Treatment Treatment `json:"treatment"`
	Instead   string    `json:"instead,omitempty"` // what stands where a value is masked
	Level     string    `json:"level,omitempty"`   // in French; of what is generalised
}

// Role is what a policy takes a column for.
type Role string

const (
	RoleIdentifier Role = "identifier"
	RoleQuasi      Role = "quasi"
	RoleSensitive  Role = "sensitive"
	RolePublic     Role = "public"
	RoleText       Role = "text"
)

// Treatment is what a policy does with the values of a column.
type Treatment string

const (
	Suppressed   Treatment = "suppressed"    // the column does not leave
	Masked       Treatment = "masked"        // every value
	MaskedUnless Treatment = "masked_unless" // every value that a rule does not let be read
	MaskedGiven  Treatment = "masked_given"  // every value that there is; where there is none may be seen
	PartlyMasked Treatment = "partly_masked" // some characters of an identifier may be read
	Pseudonymous Treatment = "pseudonym"
	Generalised  Treatment = "generalised"
	Redacted     Treatment = "redacted" // passages of its texts
	Kept         Treatment = "kept"     // as it is, in the rows that stay
	// By an article of law: as it is, or as a code that is the same in all releases.
	KeptByLaw Treatment = "kept_by_law"
	CodeByLaw Treatment = "pseudonym_by_law"
)

// ProtectedModel is what the rows of a release keep. What is 0 is not asked.
type ProtectedModel struct {
	K        int      `json:"k,omitempty"`
	KMap     int      `json:"k_map,omitempty"` // persons of the population who look like each row
	Persons  bool     `json:"persons"`         // k counts persons, not rows
	Wildcard bool     `json:"null_matches_any,omitempty"`
	Quasi    []string `json:"quasi"`
	// Tied says that the files tell which rows are of one person: the gate counted
	// persons in them, and k of them have what all rows of each are. Else it counted
	// rows, and persons were counted as the rows were read.
	Tied           bool    `json:"all_rows_of_each_person,omitempty"`
	MaxAverageRisk float64 `json:"max_average_risk,omitempty"` // of rows
	// Thresholds are those of the gate, but for what an approver accepted.
	Thresholds []ProtectedThreshold `json:"thresholds,omitempty"`
	// Sensitive are the bounds of the columns that nobody may learn of a person.
	Sensitive []ProtectedValues `json:"sensitive,omitempty"`
	// Together says that they hold in each part of a class whose rows have the same values
	// in all other sensitive columns, and not only in the class.
	Together bool `json:"sensitive_judged_together,omitempty"`
}

// ProtectedThreshold is a figure of the gate that no file passes.
type ProtectedThreshold struct {
	Rule string  `json:"rule"` // as the policy names it
	Most float64 `json:"most"`
}

// Verified is something that the gate found to hold of each file.
type Verified struct {
	What     Verification `json:"what"`
	Columns  []string     `json:"columns,omitempty"`
	Least    int          `json:"least,omitempty"`     // persons of a total; rows of a mean, or persons
	MaxShare float64      `json:"max_share,omitempty"` // of one in a total
	Persons  bool         `json:"persons,omitempty"`   // the least of a mean are persons
	// Told says that the files tell these persons: the gate counted them in each. Else it
	// counted rows, and persons were counted as the rows were read.
	Told bool `json:"persons_in_files,omitempty"`
}

// Verification is what was verified.
type Verification string

const (
	VerifiedColumns  Verification = "columns"        // no column leaves that the policy does not let out
	VerifiedMasks    Verification = "masked"         // every value is what stands in its place
	VerifiedCut      Verification = "partly_masked"  // no value shows more characters than the mask lets be shown
	VerifiedRules    Verification = "masked_unless"  // every value that can be read is in a row that the rule lets be read
	VerifiedCounts   Verification = "readable_count" // as many values can be read as the rule was found to let be read
	VerifiedCodes    Verification = "codes"          // every value has the form of a code
	VerifiedTotals   Verification = "totals"         // as many totals are left as the rule let out, and none of others stands beside masked ones
	VerifiedMeans    Verification = "means"          // every value is one of the means, and each stands in rows enough, or of enough persons
	VerifiedTexts    Verification = "texts"          // the detectors found nothing that the policy does not expect
	VerifiedReleases Verification = "releases"       // the release was compared with those that are public
)

// ProtectedValues are the bounds of a sensitive column in each class of rows.
type ProtectedValues struct {
	Column    string  `json:"column"`
	Diversity string  `json:"diversity,omitempty"` // distinct, entropy, recursive
	L         float64 `json:"l,omitempty"`
	C         float64 `json:"c,omitempty"`
	Distance  string  `json:"distance,omitempty"` // equal, ordered
	T         float64 `json:"t,omitempty"`
}

// Criterion is one of those that data must meet to be called anonymous.
type Criterion string

const (
	NeedsModel      Criterion = "no_model"          // there is a record model, which the gate recounted in every file
	NeedsK          Criterion = "small_k"           // at least AnonymousK look alike
	NeedsPersons    Criterion = "rows_not_persons"  // they are persons, not rows
	NeedsOwnNull    Criterion = "null_matches_any"  // no absent value is taken for any other
	NeedsNoCode     Criterion = "pseudonym"         // no code stands for a person
	NeedsNoName     Criterion = "identifier_shown"  // no value of an identifier may be read
	NeedsAllCounted Criterion = "column_uncounted"  // no column leaves that the model does not count or bound
	NeedsKnown      Criterion = "treatment_unknown" // nothing is done that these criteria do not know of
	NeedsKept       Criterion = "rule_relaxed"      // no rule was relaxed by an approver
)

// AnonymousK is how many persons must look alike: the highest risk is then one in five.
const AnonymousK = 5

// Exhibitor is the ability of a sink to give the manifest of what it has current.
type Exhibitor interface {
	Exhibit(ctx context.Context) (Manifest, error)
}

// Proving is the ability of a privacy stage to say, away from the public, what its
// decision came to. Nothing of it is a value of a row.
type Proving interface {
	Proof(d Decision) *PrivacyProof
}

// PrivacyProof is what a privacy stage keeps as evidence of a release.
type PrivacyProof struct {
	Protection *Protection  `json:"policy"`
	Records    *ProvedModel `json:"records,omitempty"` // nil without a record model
	Pseudonyms []ProvedKey  `json:"pseudonyms,omitempty"`
	// WP29 answers the three questions of WP29's opinion 05/2014 (WP216); nil without
	// a record model, which alone gives figures.
	WP29 *WP29 `json:"wp29,omitempty"`
}

// ProvedKey is a key of pseudonyms, by the first bytes of its SHA-256.
type ProvedKey struct {
	Column    string `json:"column"`
	Domain    string `json:"domain"`
	Key       string `json:"key_fingerprint"`
	Destroyed bool   `json:"destroyed,omitempty"` // the key was drawn for this release and stored nowhere
}

// ProvedModel is what a record model decided and what that comes to.
type ProvedModel struct {
	Asked        ExploredModel `json:"asked"`
	NullMatch    string        `json:"null_match"`
	Subject      string        `json:"subject,omitempty"` // the column that tells persons
	RowsIn       int64         `json:"rows_in"`
	RowsOut      int64         `json:"rows_out"`
	RowsDropped  int64         `json:"rows_suppressed"`
	Levels       []ProvedLevel `json:"levels"`
	Score        float64       `json:"score"` // of the metric that was made least
	Loss         float64       `json:"loss"`
	Discernible  float64       `json:"discernibility"`
	AverageClass float64       `json:"average_class_size"`
	Risks        ProvedRisks   `json:"risks"`
	// Sizes are the classes that leave, by how many rows they have.
	Sizes     []ClassSizes      `json:"class_sizes"`
	Sensitive []ProvedDiversity `json:"sensitive,omitempty"`
}

// ProvedRisks are the risks of the rows at the least levels of the policy, which is
// the most that could have left, and at those that were chosen.
type ProvedRisks struct {
	Before Exposure `json:"before"`
	After  Exposure `json:"after"`
}

// ProvedLevel is the level of a quasi-identifier, as the policy counts levels.
type ProvedLevel struct {
	Column string `json:"column"`
	Level  int    `json:"level"`
	Of     int    `json:"of"`
	Name   string `json:"name,omitempty"`
}

// ClassSizes are the classes that have From to To rows; To 0 is no end.
type ClassSizes struct {
	From    int64 `json:"from"`
	To      int64 `json:"to,omitempty"`
	Classes int64 `json:"classes"`
	Rows    int64 `json:"rows"`
}

// ProvedDiversity is what the values of a sensitive column reach in the classes that
// leave, which are counted by rows, or in the parts of these that the values of the other
// sensitive columns make where the model judges them together. Null does not count towards
// the numbers of values.
type ProvedDiversity struct {
	Asked         ProtectedValues `json:"asked"`
	Values        int             `json:"least_values"`         // of a class: l reached
	Entropy       int             `json:"least_entropy_l"`      // whole l that every entropy reaches
	Recursive     int             `json:"least_recursive_c"`    // c of recursive diversity for the values reached; 0: fewer than 2
	GreatestShare float64         `json:"greatest_share"`       // of one value in a class
	T             float64         `json:"greatest_t"`           // distance of a class from all rows read
	TOfKept       float64         `json:"greatest_t_from_kept"` // from the rows that leave
	// Of the rows that leave too: basic and enhanced β-likeness and δ-disclosure.
	Beta         float64 `json:"greatest_beta"`
	EnhancedBeta float64 `json:"greatest_enhanced_beta"`
	Delta        float64 `json:"greatest_delta"`
}

// WP29 holds the answers to three questions.
type WP29 struct {
	SinglingOut SinglingOut `json:"singling_out"`
	Linkability Linkability `json:"linkability"`
	Inference   Inference   `json:"inference"`
}

// SinglingOut is whether one person can be picked out.
type SinglingOut struct {
	Possible      bool    `json:"possible"` // somebody is alone in a class
	Counts        Counted `json:"counts"`   // whom the figures count
	UniqueBefore  int64   `json:"unique_before"`
	UniqueAfter   int64   `json:"unique_after"`
	Fewest        int64   `json:"fewest_of_a_class"`
	HighestRisk   float64 `json:"highest_risk"`
	HighestAtMost bool    `json:"highest_risk_at_most,omitempty"`
}

// Linkability is whether records of one person can be put together.
type Linkability struct {
	Pseudonyms []string `json:"pseudonyms"` // columns that tie the rows of a person together, in this release alone
	Lasting    []string `json:"lasting"`    // columns that do in all releases, by law
	Shown      []string `json:"shown"`      // columns that do as they are
	// AverageRisk is that a record of another file is put beside the right one.
	AverageRisk   float64 `json:"average_risk"`
	AverageAtMost bool    `json:"average_risk_at_most,omitempty"`
}

// Inference is whether something can be learnt of a person that is not in the quasi-identifiers.
type Inference struct {
	// GreatestShare is the best that somebody guesses who knows of what class a
	// person is; 0 when no column is sensitive.
	GreatestShare float64  `json:"greatest_share"`
	Unbounded     []string `json:"unbounded"` // columns that leave and that no class has a bound on
	// Apart are the sensitive columns where there are several: each is bounded alone, and who
	// knows one of them of a person may learn another.
	Apart []string `json:"judged_apart,omitempty"`
}
