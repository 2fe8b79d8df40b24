package messages

// Stores, loads and the commit protocol. Codes LAV-6000 to LAV-6999. {store} is
// a folder, or an endpoint and bucket; no key of an object is ever named here,
// since a store also holds input files.
var stores = []*Message{
	NotFound, NotAllowed, Unreachable, ConditionFailed, DiskFull, NoSuchBucket, CredentialRefused, CertificateExpired,
	CertificateRefused, ClockSkewed, StoreFailed, BadKey, FileInUse, NetworkFolder, ConditionsIgnored, PlainHTTP,
	PasswordInAddress, MissingKeys, StoreBusy, UploadDiffers, SealDiffers, BadPointer, PointerTooNew, Superseded,
	ReleaseIncomplete, StableDiffers, TwoFilesOneName, ReservedName, NothingPublished, FolderRefused, CertificateEnding,
	ChecksumRefused, NameTooPlain, CAUnreadable, PointerRestless, OtherDataset, FolderMissing,
	HostKeyUnknown, HostKeyDiffers, KnownHostsUnreadable, LoginRefused, LoginMissing, PrivateKeyUnreadable, AgentUnreachable,
	StoreReadOnly, StoreTooMuch, BadAnswer, NotListable, RedirectRefused, TLSReuse, TokenRefused, BadAddress, NotSettled,
}

var (
	NotFound = &Message{Code: "LAV-6000", Class: Environment,
		EN: Text{"{store} does not hold what was asked for", "check the path or the prefix, and that the account may list what is there"},
		FR: Text{"{store} ne contient pas ce qui était demandé", "vérifiez le chemin ou le préfixe, et que le compte peut lister le contenu"}}
	NotAllowed = &Message{Code: "LAV-6001", Class: Environment,
		EN: Text{"{store} does not allow this account the operation {operation}", "grant the account that right, or use another account; lavoir doctor lists the rights it needs"},
		FR: Text{"{store} ne permet pas à ce compte l'opération {operation}", "donnez ce droit au compte, ou changez de compte ; lavoir doctor liste les droits nécessaires"}}
	Unreachable = &Message{Code: "LAV-6002", Class: Environment,
		EN: Text{"{store} cannot be reached ({reason})", "check the address, the network, the firewall and the proxy, then run again"},
		FR: Text{"{store} est injoignable ({reason})", "vérifiez l'adresse, le réseau, le pare-feu et le mandataire, puis relancez"}}
	ConditionFailed = &Message{Code: "LAV-6003", Class: Environment,
		EN: Text{"what was to be replaced in {store} changed in the meantime", "another run is publishing the same dataset; run again once it has finished"},
		FR: Text{"ce qui devait être remplacé dans {store} a changé entre-temps", "une autre exécution publie le même jeu ; relancez quand elle aura fini"}}
	DiskFull = &Message{Code: "LAV-6004", Class: Environment,
		EN: Text{"there is no room left in {store}", "free some space or raise the quota, then run again; nothing half written is visible"},
		FR: Text{"il n'y a plus de place dans {store}", "libérez de la place ou augmentez le quota, puis relancez ; rien d'à moitié écrit n'est visible"}}
	NoSuchBucket = &Message{Code: "LAV-6005", Class: Environment,
		EN: Text{"the bucket of {store} does not exist", "create it, or correct bucket (and path_style) in the connection"},
		FR: Text{"le bucket de {store} n'existe pas", "créez-le, ou corrigez bucket (et path_style) dans la connexion"}}
	CredentialRefused = &Message{Code: "LAV-6006", Class: Environment,
		EN: Text{"{store} refuses the credentials ({code})", "check access_key, secret_key, session_token and region of the connection, and whether the keys were renewed"},
		FR: Text{"{store} refuse les identifiants ({code})", "vérifiez access_key, secret_key, session_token et region de la connexion, et si les clés ont été renouvelées"}}
	CertificateExpired = &Message{Code: "LAV-6007", Class: Environment,
		EN: Text{"the certificate of {store} is not valid today", "have the certificate renewed, and check this machine's clock"},
		FR: Text{"le certificat de {store} n'est pas valable aujourd'hui", "faites renouveler le certificat, et vérifiez l'horloge de cette machine"}}
	CertificateRefused = &Message{Code: "LAV-6008", Class: Environment,
		EN: Text{"the certificate of {store} is not trusted ({reason})", "give the authority's certificate with ca_file, and use the name the certificate was made for"},
		FR: Text{"le certificat de {store} n'est pas reconnu ({reason})", "donnez le certificat de l'autorité avec ca_file, et utilisez le nom pour lequel il a été émis"}}
	ClockSkewed = &Message{Code: "LAV-6009", Class: Environment,
		EN: Text{"the clocks of this machine and of {store} differ too much ({difference})", "set this machine's clock, best with NTP"},
		FR: Text{"les horloges de cette machine et de {store} diffèrent trop ({difference})", "réglez l'horloge de cette machine, de préférence par NTP"}}
	StoreFailed = &Message{Code: "LAV-6010", Class: Environment,
		EN: Text{"{store} failed in the operation {operation} ({code})", "look the code up with whoever runs the store, then run again"},
		FR: Text{"{store} a échoué dans l'opération {operation} ({code})", "montrez ce code à qui gère le stockage, puis relancez"}}
	BadKey = &Message{Code: "LAV-6011", Class: Language,
		EN: Text{"a path given to {store} is not usable: {why}", "write a relative path with /, without .. and without characters or names that Windows refuses"},
		FR: Text{"un chemin donné à {store} est inutilisable : {why}", "écrivez un chemin relatif avec /, sans .. et sans caractère ni nom refusé par Windows"}}
	FileInUse = &Message{Code: "LAV-6012", Class: Environment,
		EN: Text{"a file in {store} stayed open in another program", "close the program that reads it (a spreadsheet, an antivirus, a viewer), then run again"},
		FR: Text{"un fichier de {store} est resté ouvert dans un autre programme", "fermez le programme qui le lit (tableur, antivirus, visionneuse), puis relancez"}}
	NetworkFolder = &Message{Code: "LAV-6013", Class: Environment,
		EN: Text{"{store} is a network folder ({kind}), whose locks cannot be relied on", "publish into a folder of this machine or a bucket; if one machine alone ever publishes there, set single_writer = true"},
		FR: Text{"{store} est un dossier réseau ({kind}), dont les verrous ne sont pas sûrs", "publiez dans un dossier de cette machine ou dans un bucket ; si une seule machine y publie, mettez single_writer = true"}}
	ConditionsIgnored = &Message{Code: "LAV-6014", Class: Environment,
		EN: Text{"{store} ignores conditional writes, so two runs could undo each other's publication", "upgrade the store; if one machine alone ever publishes there, set single_writer = true in the connection"},
		FR: Text{"{store} ignore les écritures conditionnelles : deux exécutions pourraient défaire la publication l'une de l'autre", "mettez le stockage à jour ; si une seule machine y publie, mettez single_writer = true dans la connexion"}}
	PlainHTTP = &Message{Code: "LAV-6015", Class: Language,
		EN: Text{"the endpoint uses http: whoever is on the way can read and change what is sent", "write https://, or insecure = true if the way is private"},
		FR: Text{"l'adresse utilise http : quiconque est sur le chemin peut lire et modifier ce qui passe", "écrivez https://, ou insecure = true si le chemin est privé"}}
	PasswordInAddress = &Message{Code: "LAV-6016", Class: Language,
		EN: Text{"{name} must be an address alone: scheme and host, without user, password or path", "keep passwords in a secret block"},
		FR: Text{"{name} doit être une adresse seule : protocole et machine, sans utilisateur, mot de passe ni chemin", "gardez les mots de passe dans un bloc secret"}}
	MissingKeys = &Message{Code: "LAV-6017", Class: Language,
		EN: Text{"the connection says not which credentials to use", "give access_key and secret_key as secrets, or credentials = \"environment\" to use AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"},
		FR: Text{"la connexion ne dit pas quels identifiants utiliser", "donnez access_key et secret_key par des secrets, ou credentials = \"environment\" pour AWS_ACCESS_KEY_ID et AWS_SECRET_ACCESS_KEY"}}
	StoreBusy = &Message{Code: "LAV-6018", Class: Environment,
		EN: Text{"{store} is overloaded ({code})", "run again later, or let fewer tasks run at once"},
		FR: Text{"{store} est surchargé ({code})", "relancez plus tard, ou laissez moins de tâches tourner ensemble"}}
	UploadDiffers = &Message{Code: "LAV-6019", Class: Environment,
		EN: Text{"{store} does not hold {file} as it was sent", "run again; if it comes back, something between here and the store changes bytes; nothing was published"},
		FR: Text{"{store} ne contient pas {file} tel qu'il a été envoyé", "relancez ; si cela revient, quelque chose modifie les octets en chemin ; rien n'a été publié"}}
	SealDiffers = &Message{Code: "LAV-6020", Class: Failed,
		EN: Text{"the sealed file {file} does not give back what was written: {why}", "check the disk of the temporary folder and run again; if it comes back, report it to the project; nothing was published"},
		FR: Text{"le fichier scellé {file} ne rend pas ce qui a été écrit : {why}", "vérifiez le disque du dossier temporaire et relancez ; si cela revient, signalez-le au projet ; rien n'a été publié"}}
	BadPointer = &Message{Code: "LAV-6021", Class: Environment,
		EN: Text{"{file} in {where} is not one that lavoir wrote", "somebody changed it by hand: restore it, or remove it to publish anew"},
		FR: Text{"{file} dans {where} n'est pas un fichier écrit par lavoir", "quelqu'un l'a modifié à la main : restaurez-le, ou supprimez-le pour republier"}}
	PointerTooNew = &Message{Code: "LAV-6022", Class: Environment,
		EN: Text{"{where} was published by a newer version of lavoir", "upgrade lavoir on this machine"},
		FR: Text{"{where} a été publié par une version plus récente de lavoir", "mettez lavoir à jour sur cette machine"}}
	Superseded = &Message{Code: "LAV-6023", Class: Failed,
		EN: Text{"another run published in {where} while this one was working, and its data may be newer", "run again; nothing of this run was published"},
		FR: Text{"une autre exécution a publié dans {where} pendant celle-ci, avec des données peut-être plus récentes", "relancez ; rien de cette exécution n'a été publié"}}
	ReleaseIncomplete = &Message{Code: "LAV-6024", Class: Failed,
		EN: Text{"the published release in {where} is damaged: {file} is missing or not what its manifest says", "publish again; if it comes back, find out who else writes there"},
		FR: Text{"la version publiée dans {where} est abîmée : {file} manque ou n'est pas ce que dit son manifeste", "republiez ; si cela revient, cherchez qui d'autre y écrit"}}
	StableDiffers = &Message{Code: "LAV-6025", Class: Incomplete,
		EN: Text{"{file} in {where} is not the one of the current release", "run the pipeline again: the next run refreshes it"},
		FR: Text{"{file} dans {where} n'est pas celui de la version courante", "relancez le pipeline : la prochaine exécution le rafraîchit"}}
	TwoFilesOneName = &Message{Code: "LAV-6026", Class: Language,
		EN: Text{"two files of this load would be named {file}", "keep one file block per format, and give another prefix or name in a second load"},
		FR: Text{"deux fichiers de cette sortie porteraient le nom {file}", "gardez un bloc file par format, et donnez un autre préfixe ou nom dans une seconde sortie"}}
	ReservedName = &Message{Code: "LAV-6027", Class: Language,
		EN: Text{"{file} is a name that lavoir keeps for itself", "give another name in the load"},
		FR: Text{"{file} est un nom que lavoir se réserve", "donnez un autre nom dans la sortie"}}
	NothingPublished = &Message{Code: "LAV-6028", Class: Failed,
		EN: Text{"nothing is published in {where}", "run the pipeline first"},
		FR: Text{"rien n'est publié dans {where}", "lancez d'abord le pipeline"}}
	FolderRefused = &Message{Code: "LAV-6029", Class: Environment,
		EN: Text{"the folder {store} cannot be opened ({reason})", "create it, or correct path in the connection; the account that runs lavoir must be allowed in"},
		FR: Text{"le dossier {store} ne peut pas être ouvert ({reason})", "créez-le, ou corrigez path dans la connexion ; le compte qui exécute lavoir doit y avoir accès"}}
	CertificateEnding = &Message{Code: "LAV-6030", Class: Warning,
		EN: Text{"the certificate of {store} ends on {date}", "have it renewed before that day"},
		FR: Text{"le certificat de {store} expire le {date}", "faites-le renouveler avant ce jour"}}
	ChecksumRefused = &Message{Code: "LAV-6031", Class: Environment,
		EN: Text{"{store} refuses the checksum mode {mode}", "set checksum in the connection to one that lavoir doctor finds accepted"},
		FR: Text{"{store} refuse le mode de somme de contrôle {mode}", "mettez dans checksum un mode que lavoir doctor trouve accepté"}}
	NameTooPlain = &Message{Code: "LAV-6032", Class: Language,
		EN: Text{"{name} cannot be the name of a file ({why})", "use letters, digits, - and _"},
		FR: Text{"{name} ne peut pas être un nom de fichier ({why})", "utilisez des lettres, des chiffres, - et _"}}
	CAUnreadable = &Message{Code: "LAV-6033", Class: Environment,
		EN: Text{"ca_file holds no certificate that can be read", "give a file of PEM certificates that the account running lavoir may read"},
		FR: Text{"ca_file ne contient aucun certificat lisible", "donnez un fichier de certificats PEM que le compte qui exécute lavoir peut lire"}}
	PointerRestless = &Message{Code: "LAV-6034", Class: Incomplete,
		EN: Text{"the release in {where} kept changing while its stable names were refreshed", "run again when fewer runs publish at once"},
		FR: Text{"la version dans {where} n'a cessé de changer pendant le rafraîchissement de ses noms stables", "relancez quand moins d'exécutions publient en même temps"}}
	OtherDataset = &Message{Code: "LAV-6035", Class: Refused,
		EN: Text{"{where} holds the release of {there}, and {here} would replace it", "give each task a prefix of its own; after a rename, say so in a moved block"},
		FR: Text{"{where} contient la version de {there}, et {here} la remplacerait", "donnez à chaque tâche un préfixe à elle ; après un renommage, dites-le dans un bloc moved"}}
	FolderMissing = &Message{Code: "LAV-6040", Class: Environment,
		EN: Text{"the folder {store} does not exist, or cannot be reached from here", "create it, connect the share it is on, or correct path in the connection"},
		FR: Text{"le dossier {store} n'existe pas, ou n'est pas accessible d'ici", "créez-le, connectez le partage réseau où il se trouve, ou corrigez path dans la connexion"}}
	HostKeyUnknown = &Message{Code: "LAV-6041", Class: Environment,
		EN: Text{"the host key of {store} is not known here ({fingerprint})", "ask whoever runs the server for its fingerprint; if it is this one, put its key in known_hosts (ssh-keyscan writes the line) or in host_key"},
		FR: Text{"la clé d'hôte de {store} est inconnue ici ({fingerprint})", "demandez son empreinte à qui gère le serveur ; si c'est celle-ci, mettez sa clé dans known_hosts (ssh-keyscan écrit la ligne) ou dans host_key"}}
	HostKeyDiffers = &Message{Code: "LAV-6042", Class: Environment,
		EN: Text{"{store} does not show the host key that is known of it: it is another server, or somebody stands in between", "send nothing there; ask whoever runs the server whether its key was changed, and only then correct known_hosts or host_key"},
		FR: Text{"{store} ne présente pas la clé d'hôte connue : c'est un autre serveur, ou quelqu'un s'est mis entre les deux", "n'y envoyez rien ; demandez à qui gère le serveur si la clé a changé, et seulement alors corrigez known_hosts ou host_key"}}
	KnownHostsUnreadable = &Message{Code: "LAV-6043", Class: Environment,
		EN: Text{"{option} holds no host key that can be read", "give a known_hosts file that the account running lavoir may read, or host_key = \"ssh-ed25519 AAAA…\""},
		FR: Text{"{option} ne contient aucune clé d'hôte lisible", "donnez un fichier known_hosts que le compte qui exécute lavoir peut lire, ou host_key = \"ssh-ed25519 AAAA…\""}}
	LoginRefused = &Message{Code: "LAV-6044", Class: Environment,
		EN: Text{"{store} refuses the login", "check the user, the password or the key of the connection, whether they have expired, and that the account may log in this way"},
		FR: Text{"{store} refuse l'authentification", "vérifiez l'utilisateur, le mot de passe ou la clé de la connexion, s'ils ont expiré, et que le compte peut se connecter ainsi"}}
	LoginMissing = &Message{Code: "LAV-6045", Class: Language,
		EN: Text{"the connection is not complete: {why}", "give {wanted}"},
		FR: Text{"la connexion est incomplète : {why}", "donnez {wanted}"}}
	PrivateKeyUnreadable = &Message{Code: "LAV-6046", Class: Environment,
		EN: Text{"the private key of {store} cannot be used ({why})", "give the key in OpenSSH or PEM format, and its passphrase if it has one"},
		FR: Text{"la clé privée de {store} est inutilisable ({why})", "donnez la clé au format OpenSSH ou PEM, et sa phrase de passe si elle en a une"}}
	AgentUnreachable = &Message{Code: "LAV-6047", Class: Environment,
		EN: Text{"the SSH agent that agent names does not answer, or holds no key", "start it and add the key (ssh-add), and give the path of its socket, as the variable SSH_AUTH_SOCK shows it"},
		FR: Text{"l'agent SSH que désigne agent ne répond pas, ou ne contient aucune clé", "démarrez-le et ajoutez la clé (ssh-add), et donnez le chemin de son socket, celui de la variable SSH_AUTH_SOCK"}}
	StoreReadOnly = &Message{Code: "LAV-6048", Class: Language,
		EN: Text{"nothing can be published in {connection}: it is read only ({why})", "publish into a folder or a bucket; an SFTP server takes publications if one machine alone ever publishes there and single_writer = true says so"},
		FR: Text{"rien ne peut être publié dans {connection} : elle ne sert qu'à lire ({why})", "publiez dans un dossier ou un bucket ; un serveur SFTP reçoit des publications si une seule machine y publie et que single_writer = true le dit"}}
	StoreTooMuch = &Message{Code: "LAV-6049", Class: Environment,
		EN: Text{"{store} gives more than {bound} {what}", "name a folder further down in path, or ask whoever runs the server why there is so much"},
		FR: Text{"{store} donne plus de {bound} {what}", "désignez dans path un dossier plus précis, ou demandez à qui gère le serveur pourquoi il y en a tant"}}
	BadAnswer = &Message{Code: "LAV-6050", Class: Environment,
		EN: Text{"{store} gives an answer that cannot be used ({why})", "check the address, and show this to whoever runs the server"},
		FR: Text{"{store} donne une réponse inutilisable ({why})", "vérifiez l'adresse, et montrez ceci à qui gère le serveur"}}
	NotListable = &Message{Code: "LAV-6051", Class: Language,
		EN: Text{"what {store} holds cannot be listed, and path has {what}", "write the whole path of one file, made with the keys of the task: \"export/${partition.key}.csv\""},
		FR: Text{"le contenu de {store} ne peut pas être listé, et path contient {what}", "écrivez le chemin entier d'un fichier, formé avec les clés de la tâche : \"export/${partition.key}.csv\""}}
	RedirectRefused = &Message{Code: "LAV-6052", Class: Environment,
		EN: Text{"{store} sends on to another address, which is not followed ({why})", "give the final address in the connection"},
		FR: Text{"{store} renvoie vers une autre adresse, qui n'est pas suivie ({why})", "donnez l'adresse finale dans la connexion"}}
	TLSReuse = &Message{Code: "LAV-6053", Class: Environment,
		EN: Text{"{store} refuses the encrypted data connection, most likely because it wants the TLS session of the first one there", "have the server stop asking for it (vsftpd: require_ssl_reuse=NO; ProFTPD: TLSOptions NoSessionReuseRequired), or use SFTP"},
		FR: Text{"{store} refuse la connexion de données chiffrée, sans doute parce qu'il y exige la session TLS de la première", "faites lever cette exigence sur le serveur (vsftpd : require_ssl_reuse=NO ; ProFTPD : TLSOptions NoSessionReuseRequired), ou passez en SFTP"}}
	TokenRefused = &Message{Code: "LAV-6054", Class: Environment,
		EN: Text{"the server at token_url gives no access token ({code})", "check token_url, client_id, client_secret and scope of the connection"},
		FR: Text{"le serveur de token_url ne donne pas de jeton d'accès ({code})", "vérifiez token_url, client_id, client_secret et scope de la connexion"}}
	BadAddress = &Message{Code: "LAV-6055", Class: Language,
		EN: Text{"{name} is not a usable address: {why}", "write https://host/path, without user, password or fragment; keep passwords in a secret block"},
		FR: Text{"{name} n'est pas une adresse utilisable : {why}", "écrivez https://machine/chemin, sans utilisateur, mot de passe ni fragment ; gardez les mots de passe dans un bloc secret"}}
	NotSettled = &Message{Code: "LAV-6056", Class: Warning,
		EN: Text{"files of {store} are not whole yet ({count}) and are left for the next run: {why}", "nothing, if they are still being written; if it stays so, look whether settle and marker fit the way they are written"},
		FR: Text{"des fichiers de {store} ne sont pas encore complets ({count}) et attendent la prochaine exécution : {why}", "rien, s'ils sont encore en cours d'écriture ; si cela persiste, vérifiez que settle et marker conviennent à la façon dont ils sont écrits"}}
)
