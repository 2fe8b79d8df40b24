package messages

// commands: the verbs of the command line. Codes LAV-9500 to LAV-9999.
var commands = []*Message{}
