package messages

// steps: transforms. Codes LAV-8000 to LAV-8999.
var steps = []*Message{}
