package messages

// files: file sources and the CSV codec. Codes LAV-4000 to LAV-4999.
var files = []*Message{}
