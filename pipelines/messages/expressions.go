package messages

// expressions: the row expressions. Codes LAV-3000 to LAV-3999.
var expressions = []*Message{}
