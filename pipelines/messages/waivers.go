package messages

// waivers: what an approver may relax besides the thresholds of the gate, and what an
// exploration cannot say. Codes LAV-4530 to LAV-4539.
var waivers = []*Message{AverageRiskAbove}

var (
	AverageRiskAbove = &Message{Code: "LAV-4530", Class: Refused,
		EN: Text{"no levels keep max_average_risk = {threshold}; those that are best without it have {figure}", "raise suppression_limit or give hierarchies higher levels; an approver can also accept it: lavoir accept privacy --rule max_average_risk --ceiling {figure}"},
		FR: Text{"aucun niveau ne respecte max_average_risk = {threshold} ; les meilleurs sans lui ont {figure}", "augmentez suppression_limit ou donnez des niveaux plus hauts aux hiérarchies ; un approbateur peut aussi l'accepter : lavoir accept privacy --rule max_average_risk --ceiling {figure}"}}
)
