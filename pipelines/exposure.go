package pipelines

// Exposure is how likely somebody is right who links a row to a person by its
// quasi-identifiers.
type Exposure struct {
	Counts   Counted `json:"counts,omitempty"` // whom the risks are of
	Rows     int64   `json:"rows"`
	Classes  int64   `json:"classes"`
	Smallest int64   `json:"smallest_class"` // rows of the class that has fewest
	Uniques  int64   `json:"unique_rows"`    // rows that are alone in their class
	// Persons, where they are counted, are those of the class that has fewest, and Alone
	// how many are alone in a class, however many rows they have there.
	Persons int64 `json:"fewest_persons,omitempty"`
	Alone   int64 `json:"unique_persons,omitempty"`
	// HighestRisk and AverageRisk are those of somebody who knows that the person is in
	// the data: the prosecutor's. The marketer's is the average.
	HighestRisk float64 `json:"highest_risk"`
	AverageRisk float64 `json:"average_risk"`
	// JournalistHighest and JournalistAverage are those of somebody who knows that the
	// person is in the population; 0 when none is counted.
	JournalistHighest float64 `json:"journalist_highest_risk,omitempty"`
	JournalistAverage float64 `json:"journalist_average_risk,omitempty"`
	// HighestAtMost says that the prosecutor's highest risk may be less, AverageAtMost
	// that the averages may: no more persons of a class were told apart than the policy
	// asks for. They are not below the risks of rows.
	HighestAtMost bool `json:"highest_risk_at_most,omitempty"`
	AverageAtMost bool `json:"average_risk_at_most,omitempty"`
}

// Counted is whom figures count.
type Counted string

const (
	CountsRows    Counted = "rows"
	CountsPersons Counted = "persons" // somebody who has rows in several classes counts in each
)

// Unique is how many of those whom the risks are of are alone in their class.
func (e Exposure) Unique() int64 {
	if e.Counts == CountsPersons {
		return e.Alone
	}
	return e.Uniques
}

// Fewest is how many of them the class has that has fewest; at least so many where
// HighestAtMost.
func (e Exposure) Fewest() int64 {
	if e.Counts == CountsPersons {
		return e.Persons
	}
	return e.Smallest
}
