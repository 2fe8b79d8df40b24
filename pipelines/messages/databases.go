package messages

// SQL sources and their connections. Codes LAV-7000 to LAV-7999. A server's own
// words appear only where they were said about the query's text, before any row
// was read; its details, contexts and hints never do.
var databases = []*Message{
	DatabaseUnreachable, DatabaseLogin, DatabaseTLS, DatabaseUnknown, DatabaseBusy, DatabaseForbids, DatabaseLost,
	DatabaseFile, NotADatabase, DatabaseInUse, DatabaseCA, SnapshotRefused,
	QueryWrong, QueryWrongAt, QueryTooLong, QueryFailed, QueryNotSelect, QueryValue, QueryOrTable, TableUnknown, RowTooLong,
	ParamMissing, ParamUnused, ParamForeign, ParamType,
	ColumnNotGiven, ColumnNotAsDeclared, ColumnUnsupported, NumericUnbounded, ZoneMissing,
	OutOfOrder, OrderNotUnique, NoOrder, PersonalTwice, TableOrder, OrderedAlone,
	DatabaseWritable, DatabaseFileWritable, DatabaseClock, DatabaseEncoding, DatabasePlain, DatabaseOld,
	NotFinite, DayWithoutEnd, YearOutOfRange, NotUTF8, WrongStorage, InexactNumber, NestedList, NullInList,
}

// Connections.
var (
	DatabaseUnreachable = &Message{Code: "LAV-7000", Class: Environment,
		EN: Text{"the database server {server} cannot be reached", "check host and port, that the server runs, and that no firewall stands between"},
		FR: Text{"le serveur de base de données {server} est injoignable", "vérifiez host et port, que le serveur tourne et qu'aucun pare-feu ne bloque"}}
	DatabaseLogin = &Message{Code: "LAV-7001", Class: Environment,
		EN: Text{"the database server {server} refuses the account {user} (SQLSTATE {state})", "check user and password, and the server's pg_hba.conf"},
		FR: Text{"le serveur de base de données {server} refuse le compte {user} (SQLSTATE {state})", "vérifiez user et password, et le fichier pg_hba.conf du serveur"}}
	DatabaseTLS = &Message{Code: "LAV-7002", Class: Environment,
		EN: Text{"no trusted TLS connection to the database server {server}", "give the authority's certificate with ca = \"…\"; on a network you trust, write sslmode = \"require\" or \"disable\""},
		FR: Text{"pas de connexion TLS de confiance au serveur de base de données {server}", "donnez le certificat de l'autorité avec ca = \"…\" ; sur un réseau de confiance, écrivez sslmode = \"require\" ou \"disable\""}}
	DatabaseUnknown = &Message{Code: "LAV-7003", Class: Environment,
		EN: Text{"the server {server} has no database {database}", "correct database in the connection"},
		FR: Text{"le serveur {server} n'a pas de base {database}", "corrigez database dans la connexion"}}
	DatabaseBusy = &Message{Code: "LAV-7004", Class: Environment,
		EN: Text{"the database server {server} takes no connection now (SQLSTATE {state})", "run again later; if it has too many connections, set a limits block on this connection"},
		FR: Text{"le serveur de base de données {server} n'accepte pas de connexion en ce moment (SQLSTATE {state})", "relancez plus tard ; s'il a trop de connexions, posez un bloc limits sur cette connexion"}}
	DatabaseForbids = &Message{Code: "LAV-7005", Class: Environment,
		EN: Text{"the account {user} may not read what the query names: {what}", "have the server's administrator grant SELECT on it"},
		FR: Text{"le compte {user} n'a pas le droit de lire ce que nomme la requête : {what}", "faites accorder SELECT par l'administrateur du serveur"}}
	DatabaseLost = &Message{Code: "LAV-7006", Class: Environment,
		EN: Text{"the connection to the database server {server} was lost while it was read", "run again; nothing was published"},
		FR: Text{"la connexion au serveur de base de données {server} a été perdue pendant la lecture", "relancez ; rien n'a été publié"}}
	SnapshotRefused = &Message{Code: "LAV-7011", Class: Environment,
		EN: Text{"the database server {server} does not let several connections see one snapshot", "write connections = 1; a pooler that spreads connections over several servers is a likely cause"},
		FR: Text{"le serveur de base de données {server} ne laisse pas plusieurs connexions voir le même instantané", "écrivez connections = 1 ; un répartiteur qui distribue les connexions entre plusieurs serveurs en est une cause probable"}}
	DatabaseFile = &Message{Code: "LAV-7007", Class: Environment,
		EN: Text{"the database file cannot be read: {why}", "check path in the connection and the rights on the file"},
		FR: Text{"le fichier de base de données ne peut pas être lu : {why}", "vérifiez path dans la connexion et les droits sur le fichier"}}
	NotADatabase = &Message{Code: "LAV-7008", Class: Environment,
		EN: Text{"the file is not an SQLite database, or is encrypted or damaged", "check path in the connection; copy the file again"},
		FR: Text{"le fichier n'est pas une base SQLite, ou est chiffré ou endommagé", "vérifiez path dans la connexion ; recopiez le fichier"}}
	DatabaseInUse = &Message{Code: "LAV-7009", Class: Environment,
		EN: Text{"the SQLite database has changes that are not in its file yet: a program still writes to it, or was killed", "read a copy made with sqlite3's .backup, or close the program that uses it"},
		FR: Text{"la base SQLite a des modifications qui ne sont pas encore dans son fichier : un programme y écrit, ou a été tué", "lisez une copie faite par .backup de sqlite3, ou fermez le programme qui l'utilise"}}
	DatabaseCA = &Message{Code: "LAV-7010", Class: Environment,
		EN: Text{"the file of ca holds no certificate that can be read: {why}", "give a PEM file with the certificate of the authority"},
		FR: Text{"le fichier de ca ne contient pas de certificat lisible : {why}", "donnez un fichier PEM avec le certificat de l'autorité"}}
)

// Queries and parameters.
var (
	QueryOrTable = &Message{Code: "LAV-7106", Class: Language,
		EN: Text{"a source reads either a query or a table", "write one of them: query = \"SELECT …\" or table = \"schema.name\""},
		FR: Text{"une source lit soit une requête, soit une table", "écrivez l'un des deux : query = \"SELECT …\" ou table = \"schéma.nom\""}}
	TableUnknown = &Message{Code: "LAV-7107", Class: Language,
		EN: Text{"the database has no table {table} that this account can see", "write table = \"schema.name\" with capitals and accents as the database stores them; a name with a dot in it is read by a query"},
		FR: Text{"la base n'a pas de table {table} visible pour ce compte", "écrivez table = \"schéma.nom\" avec les majuscules et accents tels que la base les stocke ; un nom qui contient un point se lit par une requête"}}
	RowTooLong = &Message{Code: "LAV-7108", Class: Failed,
		EN: Text{"row {row} of the query is longer than {bound}", "read less of it in the query, or leave the long column out"},
		FR: Text{"la ligne {row} de la requête dépasse {bound}", "lisez-en moins dans la requête, ou laissez de côté la colonne longue"}}
	QueryWrong = &Message{Code: "LAV-7100", Class: Language,
		EN: Text{"the database refuses the query: {what}", "correct the query"},
		FR: Text{"la base de données refuse la requête : {what}", "corrigez la requête"}}
	QueryWrongAt = &Message{Code: "LAV-7105", Class: Language,
		EN: Text{"the database refuses line {line} of the query: {what}", "correct the query"},
		FR: Text{"la base de données refuse la ligne {line} de la requête : {what}", "corrigez la requête"}}
	QueryTooLong = &Message{Code: "LAV-7101", Class: Environment,
		EN: Text{"the database stopped the query because it took too long", "raise statement_timeout in the connection, or have an index made for the query; the time includes what the steps after it take"},
		FR: Text{"la base de données a arrêté la requête parce qu'elle durait trop", "augmentez statement_timeout dans la connexion, ou faites créer un index pour la requête ; la durée comprend celle des étapes suivantes"}}
	QueryFailed = &Message{Code: "LAV-7102", Class: Failed,
		EN: Text{"the database failed while it ran the query ({state})", "look for this code in the server's log; its text is not repeated here because it can quote a row"},
		FR: Text{"la base de données a échoué pendant l'exécution de la requête ({state})", "cherchez ce code dans le journal du serveur ; son texte n'est pas repris ici car il peut citer une ligne"}}
	QueryNotSelect = &Message{Code: "LAV-7103", Class: Language,
		EN: Text{"query must be one statement that reads", "write a single SELECT, WITH … SELECT, VALUES or TABLE"},
		FR: Text{"query doit être une seule instruction de lecture", "écrivez un seul SELECT, WITH … SELECT, VALUES ou TABLE"}}
	QueryValue = &Message{Code: "LAV-7104", Class: Failed,
		EN: Text{"the database could not convert a value while it ran the query (SQLSTATE {state}): of a row or of params", "read the column as text in the query and convert it in a later step, where the row can be rejected"},
		FR: Text{"la base de données n'a pas pu convertir une valeur pendant la requête (SQLSTATE {state}) : d'une ligne ou de params", "lisez la colonne en texte dans la requête et convertissez-la dans une étape suivante, où la ligne peut être rejetée"}}
	ParamMissing = &Message{Code: "LAV-7110", Class: Language,
		EN: Text{"the query names @{name}, which params does not give", "add params = { {name} = … }"},
		FR: Text{"la requête nomme @{name}, que params ne donne pas", "ajoutez params = { {name} = … }"}}
	ParamUnused = &Message{Code: "LAV-7111", Class: Language,
		EN: Text{"params gives {name}, which the query does not name", "write @{name} in the query, or remove it from params"},
		FR: Text{"params donne {name}, que la requête ne nomme pas", "écrivez @{name} dans la requête, ou retirez-le de params"}}
	ParamForeign = &Message{Code: "LAV-7112", Class: Language,
		EN: Text{"the query has the placeholder {name}", "write @name and give its value in params"},
		FR: Text{"la requête contient le paramètre {name}", "écrivez @nom et donnez sa valeur dans params"}}
	ParamType = &Message{Code: "LAV-7113", Class: Language,
		EN: Text{"the parameter {name} is {got}", "give a text, a number, true, false or null; for PostgreSQL also a list of them, used as = any(@{name})"},
		FR: Text{"le paramètre {name} est {got}", "donnez un texte, un nombre, true, false ou null ; pour PostgreSQL aussi une liste, utilisée par = any(@{name})"}}
)

// Columns and order.
var (
	ColumnNotGiven = &Message{Code: "LAV-7200", Class: Refused,
		EN: Text{"the query does not give the declared column {column}; it gives {columns}", "correct the name in columns or in the query"},
		FR: Text{"la requête ne donne pas la colonne déclarée {column} ; elle donne {columns}", "corrigez le nom dans columns ou dans la requête"}}
	ColumnNotAsDeclared = &Message{Code: "LAV-7201", Class: Refused,
		EN: Text{"column {column} is declared {declared}, and the database gives {got}", "declare {fit}, or convert it in the query"},
		FR: Text{"la colonne {column} est déclarée {declared}, et la base donne {got}", "déclarez {fit}, ou convertissez-la dans la requête"}}
	ColumnUnsupported = &Message{Code: "LAV-7202", Class: Refused,
		EN: Text{"column {column} is of type {got}, which has no exact form here", "write {write} in the query"},
		FR: Text{"la colonne {column} est de type {got}, qui n'a pas de forme exacte ici", "écrivez {write} dans la requête"}}
	NumericUnbounded = &Message{Code: "LAV-7203", Class: Refused,
		EN: Text{"column {column} is {got}, whose digits have no bound that fits", "declare it: columns = { {column} = decimal(14, 2) }, with as many digits and decimals as it needs"},
		FR: Text{"la colonne {column} est {got}, dont les chiffres n'ont pas de borne qui convienne", "déclarez-la : columns = { {column} = decimal(14, 2) }, avec autant de chiffres et de décimales qu'il faut"}}
	ZoneMissing = &Message{Code: "LAV-7204", Class: Refused,
		EN: Text{"column {column} is a clock time without a zone", "say of which zone it is: columns = { {column} = timestamp(\"\", \"Europe/Paris\") }"},
		FR: Text{"la colonne {column} est une heure sans fuseau", "dites de quel fuseau il s'agit : columns = { {column} = timestamp(\"\", \"Europe/Paris\") }"}}
	OutOfOrder = &Message{Code: "LAV-7210", Class: Refused,
		EN: Text{"row {row} of the query does not follow the row before it in the order of order_by ({columns})", "end the query with ORDER BY {columns}: ascending, nulls last, texts by their bytes (COLLATE \"C\" in PostgreSQL)"},
		FR: Text{"la ligne {row} de la requête ne suit pas la précédente dans l'ordre de order_by ({columns})", "terminez la requête par ORDER BY {columns} : croissant, nulls à la fin, textes par octets (COLLATE \"C\" dans PostgreSQL)"}}
	OrderNotUnique = &Message{Code: "LAV-7211", Class: Refused,
		EN: Text{"row {row} of the query has the same {columns} as the row before it: their order is left to chance", "add columns to order_by and to ORDER BY until they name one row"},
		FR: Text{"la ligne {row} de la requête a les mêmes {columns} que la précédente : leur ordre est livré au hasard", "ajoutez des colonnes à order_by et à ORDER BY jusqu'à désigner une seule ligne"}}
	NoOrder = &Message{Code: "LAV-7212", Class: Warning,
		EN: Text{"no order_by: the database may give the rows in another order the next time, and another file would be published", "write order_by = [\"…\"] with a unique key, and ORDER BY in the query; or sort later in the pipeline"},
		FR: Text{"pas d'order_by : la base peut donner les lignes dans un autre ordre la prochaine fois, et un autre fichier serait publié", "écrivez order_by = [\"…\"] avec une clé unique, et ORDER BY dans la requête ; ou triez plus loin dans le pipeline"}}
	TableOrder = &Message{Code: "LAV-7214", Class: Warning,
		EN: Text{"no order_by: rows come in the order in which the table stores them, which any change of a row or a restored backup changes, and another file would be published", "write order_by = [\"…\"] with a unique key, or sort later in the pipeline"},
		FR: Text{"pas d'order_by : les lignes viennent dans l'ordre où la table les stocke, que toute modification d'une ligne ou une sauvegarde restaurée change, et un autre fichier serait publié", "écrivez order_by = [\"…\"] avec une clé unique, ou triez plus loin dans le pipeline"}}
	OrderedAlone = &Message{Code: "LAV-7215", Class: Warning,
		EN: Text{"connections = {connections} is of no use with order_by: one connection gives the rows in that order", "remove connections; or remove order_by and sort later in the pipeline, if reading takes longer than sorting"},
		FR: Text{"connections = {connections} ne sert à rien avec order_by : une seule connexion donne les lignes dans cet ordre", "retirez connections ; ou retirez order_by et triez plus loin dans le pipeline, si la lecture dure plus que le tri"}}
	PersonalTwice = &Message{Code: "LAV-7213", Class: Language,
		EN: Text{"column {column} is in personal and in not_personal", "remove it from one of them"},
		FR: Text{"la colonne {column} est dans personal et dans not_personal", "retirez-la de l'un des deux"}}
)

// What doctor finds.
var (
	DatabaseWritable = &Message{Code: "LAV-7300", Class: Warning,
		EN: Text{"the account {user} can write to the database", "have an account made that may only SELECT"},
		FR: Text{"le compte {user} peut écrire dans la base", "faites créer un compte qui n'a que SELECT"}}
	DatabaseFileWritable = &Message{Code: "LAV-7305", Class: Warning,
		EN: Text{"lavoir's account can write to the database file", "give it a copy, or the right to read only"},
		FR: Text{"le compte de lavoir peut écrire dans le fichier de la base", "donnez-lui une copie, ou le seul droit de lecture"}}
	DatabaseClock = &Message{Code: "LAV-7301", Class: Warning,
		EN: Text{"the clocks of this machine and of the database server differ by {seconds} seconds", "set both by the same time server"},
		FR: Text{"les horloges de cette machine et du serveur diffèrent de {seconds} secondes", "réglez les deux sur le même serveur de temps"}}
	DatabaseEncoding = &Message{Code: "LAV-7302", Class: Warning,
		EN: Text{"the database is encoded in {encoding}, which says nothing about its accents", "rows whose text is not UTF-8 will be rejected; convert them in the query with convert_from"},
		FR: Text{"la base est encodée en {encoding}, qui ne dit rien de ses accents", "les lignes dont le texte n'est pas en UTF-8 seront rejetées ; convertissez-les dans la requête par convert_from"}}
	DatabasePlain = &Message{Code: "LAV-7303", Class: Warning,
		EN: Text{"what passes between this machine and the database server can be read on the way", "have TLS enabled on the server and write sslmode = \"verify-full\""},
		FR: Text{"ce qui passe entre cette machine et le serveur peut être lu en chemin", "faites activer TLS sur le serveur et écrivez sslmode = \"verify-full\""}}
	DatabaseOld = &Message{Code: "LAV-7304", Class: Warning,
		EN: Text{"the server is version {version}, which gets no security fixes any more", "have it upgraded"},
		FR: Text{"le serveur est en version {version}, qui ne reçoit plus de correctifs de sécurité", "faites-le mettre à niveau"}}
)

// Reasons for which a row is rejected.
var (
	NotFinite = &Message{Code: "LAV-7400", Class: Row,
		EN: Text{"not a finite number (NaN or Infinity)", "replace it by null in the query: nullif(column, 'NaN')"},
		FR: Text{"pas un nombre fini (NaN ou Infinity)", "remplacez-le par null dans la requête : nullif(colonne, 'NaN')"}}
	DayWithoutEnd = &Message{Code: "LAV-7401", Class: Row,
		EN: Text{"an infinite date", "replace it by null in the query: nullif(column, 'infinity')"},
		FR: Text{"une date infinie", "remplacez-la par null dans la requête : nullif(colonne, 'infinity')"}}
	YearOutOfRange = &Message{Code: "LAV-7402", Class: Row,
		EN: Text{"a date outside the years 1 to 9999", "correct it in the database, or read the column as text"},
		FR: Text{"une date hors des années 1 à 9999", "corrigez-la dans la base, ou lisez la colonne en texte"}}
	NotUTF8 = &Message{Code: "LAV-7403", Class: Row,
		EN: Text{"a text that is not valid UTF-8", "correct it in the database, or convert it in the query"},
		FR: Text{"un texte qui n'est pas de l'UTF-8 valide", "corrigez-le dans la base, ou convertissez-le dans la requête"}}
	WrongStorage = &Message{Code: "LAV-7404", Class: Row,
		EN: Text{"stored as {storage}, where {type} is wanted", "correct the row, or convert it in the query with cast()"},
		FR: Text{"stocké comme {storage}, alors que {type} est attendu", "corrigez la ligne, ou convertissez-la dans la requête par cast()"}}
	InexactNumber = &Message{Code: "LAV-7405", Class: Row,
		EN: Text{"stored as a binary fraction that is not exactly a {type}", "round it in the query, on purpose, or declare float64"},
		FR: Text{"stocké comme une fraction binaire qui n'est pas exactement un {type}", "arrondissez-le exprès dans la requête, ou déclarez float64"}}
	NestedList = &Message{Code: "LAV-7406", Class: Row,
		EN: Text{"a list of lists", "flatten it in the query"},
		FR: Text{"une liste de listes", "aplatissez-la dans la requête"}}
	NullInList = &Message{Code: "LAV-7407", Class: Row,
		EN: Text{"a list with a null in it", "remove it in the query: array_remove(column, NULL)"},
		FR: Text{"une liste qui contient un null", "retirez-le dans la requête : array_remove(colonne, NULL)"}}
)
