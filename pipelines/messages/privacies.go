package messages

// privacies: privacy policies, marks and the gate. Codes LAV-9000 to LAV-9499.
var privacies = []*Message{}
