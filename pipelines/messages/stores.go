package messages

// stores: stores and the commit protocol. Codes LAV-6000 to LAV-6999.
var stores = []*Message{}
