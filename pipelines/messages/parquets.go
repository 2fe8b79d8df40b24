package messages

// parquets: the Parquet codec. Codes LAV-5000 to LAV-5999.
var parquets = []*Message{}
