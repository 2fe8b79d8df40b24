package messages

// databases: SQL sources. Codes LAV-7000 to LAV-7999.
var databases = []*Message{}
