package messages

// The engine: plan, run, report, spool. Codes LAV-2000 to LAV-2499.
var engine = []*Message{
	Internal, UnknownColumn, UnknownColumnHere, DuplicateColumn, ColumnTypeWanted, SchemaBroken, TooManyRejects, DiskBound, MemoryBound,
	Interrupted, StepFailed, ZeroRows, RowsDisagree, SourceChanged, PersonalAtLoad, NoPrivacy, ColumnMissing, ColumnRetyped, ColumnAdded, NotAuthorized, NotPublishedAll, ContractAdded, NoRecipient, BadRecipient, SealedDiffers, RunFolder, SamePlace, ColumnsAssumed, SplitDisk, OtherRows, SourceReread, TakenStays, NothingNew,
	VariantNone, VariantSeveral, VariantLacks, VariantLacksAll, VariantDiffers, ChooseAlone, ChooseSource, ChooseAlike, DriftFound,
	JournalFound, JournalLate, JournalBusy, JournalBroken, JournalBehind, JournalElsewhere,
	SmallDifferenceHeld, SmallDifference, HeldTooLong, OldUnreadable, NoReleases, NotErased,
}

var (
	Internal = &Message{Code: "LAV-2000", Class: Failed,
		EN: Text{"lavoir broke one of its own rules: {what}", "report this to the project with the pipeline file; nothing was published"},
		FR: Text{"lavoir a enfreint l'une de ses propres règles : {what}", "signalez-le au projet avec le fichier de pipeline ; rien n'a été publié"}}
	UnknownColumn = &Message{Code: "LAV-2001", Class: Refused,
		EN: Text{"there is no column {column}; the columns here are {columns}", "{correct}, or declare the column in the source"},
		FR: Text{"la colonne {column} n'existe pas ; les colonnes ici sont {columns}", "{correct}, ou déclarez la colonne dans la source"}}
	DuplicateColumn = &Message{Code: "LAV-2002", Class: Refused,
		EN: Text{"two columns would be named {column}", "give one of them another name"},
		FR: Text{"deux colonnes porteraient le nom {column}", "donnez un autre nom à l'une d'elles"}}
	ColumnTypeWanted = &Message{Code: "LAV-2003", Class: Refused,
		EN: Text{"column {column} is {got}, and {wanted} is needed here", "convert it first with transform \"cast\", or declare its type in the source"},
		FR: Text{"la colonne {column} est de type {got}, il faut ici {wanted}", "convertissez-la d'abord avec transform \"cast\", ou déclarez son type dans la source"}}
	SchemaBroken = &Message{Code: "LAV-2004", Class: Failed,
		EN: Text{"a component gave a batch whose columns are not those it promised ({got} instead of {wanted})", "report this to whoever wrote the component"},
		FR: Text{"un composant a donné un lot dont les colonnes ne sont pas celles promises ({got} au lieu de {wanted})", "signalez-le à l'auteur du composant"}}
	TooManyRejects = &Message{Code: "LAV-2005", Class: Failed,
		EN: Text{"{count} of {rows} rows could not be read exactly; the first is line {line}, {column}: {why}", "{do}; to publish the other rows all the same, write on_reject = \"quarantine\" or \"drop\" in the pipeline, with max_rejects"},
		FR: Text{"lignes impossibles à lire exactement : {count} sur {rows} ; la première est la ligne {line}, {column} : {why}", "{do} ; pour publier les autres lignes malgré tout, écrivez dans le pipeline on_reject = \"quarantine\" ou \"drop\", avec max_rejects"}}
	DiskBound = &Message{Code: "LAV-2006", Class: Environment,
		EN: Text{"this task needs more than the {bound} of temporary disk it may use", "raise disk in the project block, or give a temporary folder with more room"},
		FR: Text{"cette tâche demande plus que les {bound} de disque temporaire permis", "augmentez disk dans le bloc project, ou donnez un dossier temporaire plus grand"}}
	MemoryBound = &Message{Code: "LAV-2007", Class: Environment,
		EN: Text{"this step needs more than the {bound} of memory it may use", "raise memory in the project block, or reduce what the step must hold"},
		FR: Text{"cette étape demande plus que les {bound} de mémoire permis", "augmentez memory dans le bloc project, ou réduisez ce que l'étape doit retenir"}}
	Interrupted = &Message{Code: "LAV-2008", Class: Failed,
		EN: Text{"interrupted", "nothing half done was left behind; run again when you like"},
		FR: Text{"interrompu", "rien n'est resté à moitié fait ; relancez quand vous voulez"}}
	StepFailed = &Message{Code: "LAV-2009", Class: Failed,
		EN: Text{"{step} failed", "see the cause"},
		FR: Text{"{step} a échoué", "voyez la cause"}}
	ZeroRows = &Message{Code: "LAV-2010", Class: Refused,
		EN: Text{"no row came out, and a privacy policy applies", "check the source; if an empty file is right, write allow_empty = true in the pipeline"},
		FR: Text{"aucune ligne n'est sortie, et une politique de confidentialité s'applique", "vérifiez la source ; si un fichier vide est voulu, écrivez allow_empty = true dans le pipeline"}}
	RowsDisagree = &Message{Code: "LAV-2011", Class: Failed,
		EN: Text{"the sealed file {file} holds {got} rows, {wanted} were written", "report this to the project; nothing was published"},
		FR: Text{"le fichier scellé {file} contient {got} lignes, {wanted} ont été écrites", "signalez-le au projet ; rien n'a été publié"}}
	SourceChanged = &Message{Code: "LAV-2012", Class: Failed,
		EN: Text{"the source changed while it was read: its two readings differ", "run again once nobody writes to it any more"},
		FR: Text{"la source a changé pendant la lecture : ses deux lectures diffèrent", "relancez quand plus personne n'y écrit"}}
	PersonalAtLoad = &Message{Code: "LAV-2013", Class: Refused,
		EN: Text{"column {column} is personal ({because}) and no rule clears it", "give it a rule in the privacy block (identifier \"{column}\" { … }), drop it, or say in the source why it is not personal (not_personal)"},
		FR: Text{"la colonne {column} est personnelle ({because}) et aucune règle ne la libère", "donnez-lui une règle dans le bloc privacy (identifier \"{column}\" { … }), retirez-la, ou dites dans la source pourquoi elle n'est pas personnelle (not_personal)"}}
	NoPrivacy = &Message{Code: "LAV-2014", Class: Language,
		EN: Text{"pipeline {pipeline} has a load and no privacy block", "add privacy { public = […] }: only the columns it names leave"},
		FR: Text{"le pipeline {pipeline} a un bloc load et pas de bloc privacy", "ajoutez privacy { public = […] } : seules les colonnes nommées sortent"}}
	ColumnMissing = &Message{Code: "LAV-2015", Class: Refused,
		EN: Text{"{source} no longer has the column {column} ({wanted}); it has {columns}", "ask what became of it, then change the declaration"},
		FR: Text{"{source} n'a plus la colonne {column} ({wanted}) ; il y a {columns}", "demandez ce qu'elle est devenue, puis changez la déclaration"}}
	ColumnRetyped = &Message{Code: "LAV-2016", Class: Refused,
		EN: Text{"column {column} of {source} is now {got}, declared {wanted}", "check the new type, then change the declaration"},
		FR: Text{"la colonne {column} de {source} est maintenant {got}, déclarée {wanted}", "vérifiez le nouveau type, puis changez la déclaration"}}
	ColumnAdded = &Message{Code: "LAV-2017", Class: Warning,
		EN: Text{"{source} has a column {column} that is not declared", "nothing of it is published; declare it to use it"},
		FR: Text{"{source} a une colonne {column} non déclarée", "rien n'en est publié ; déclarez-la pour l'utiliser"}}
	NotAuthorized = &Message{Code: "LAV-2018", Class: Warning,
		EN: Text{"no authorization for {task}: nothing is published", "write allowed = true in the authorization block once the act is there"},
		FR: Text{"pas d'autorisation pour {task} : rien n'est publié", "écrivez allowed = true dans le bloc authorization quand l'acte est pris"}}
	NotPublishedAll = &Message{Code: "LAV-2019", Class: Incomplete,
		EN: Text{"{load} could not be published after other loads of the task were", "run again: what is published already stays as it is"},
		FR: Text{"{load} n'a pas pu être publié alors que d'autres blocs load de la tâche l'ont été", "relancez : ce qui est publié reste tel quel"}}
	ContractAdded = &Message{Code: "LAV-2020", Class: Refused,
		EN: Text{"{source} has a column {column} that its contract does not have", "add it to the contract, or set on_added = \"report\""},
		FR: Text{"{source} a une colonne {column} absente de son contrat", "ajoutez-la au contrat, ou mettez on_added = \"report\""}}
	NoRecipient = &Message{Code: "LAV-2021", Class: Language,
		EN: Text{"on_reject = \"quarantine\" needs somebody who may read it", "write the age public keys in project { quarantine = [\"age1…\"] }"},
		FR: Text{"on_reject = \"quarantine\" demande quelqu'un qui puisse la lire", "écrivez les clés publiques age dans project { quarantine = [\"age1…\"] }"}}
	BadRecipient = &Message{Code: "LAV-2022", Class: Language,
		EN: Text{"{recipient} is not an age public key", "make one with age-keygen and write its public part, age1…"},
		FR: Text{"{recipient} n'est pas une clé publique age", "créez-en une avec age-keygen et écrivez sa partie publique, age1…"}}
	SealedDiffers = &Message{Code: "LAV-2023", Class: Failed,
		EN: Text{"the sealed file {file} does not hold the rows that were written to it", "check the disk and run again; nothing was published"},
		FR: Text{"le fichier scellé {file} ne contient pas les lignes qui y ont été écrites", "vérifiez le disque et relancez ; rien n'a été publié"}}
	RunFolder = &Message{Code: "LAV-2024", Class: Environment,
		EN: Text{"the working folder {folder} cannot be used", "check that it exists, that there is room and that this account may write there"},
		FR: Text{"le dossier de travail {folder} est inutilisable", "vérifiez qu'il existe, qu'il y a de la place et que ce compte peut y écrire"}}
	ColumnsAssumed = &Message{Code: "LAV-2026", Class: Warning,
		EN: Text{"taken to be in {source}, as text: {columns}", "declare them, or run lavoir plan --connect, which reads the column names"},
		FR: Text{"supposées présentes dans {source}, en texte : {columns}", "déclarez-les, ou lancez lavoir plan --connect, qui lit les noms de colonnes"}}
	SamePlace = &Message{Code: "LAV-2025", Class: Language,
		EN: Text{"{first} and {second} would publish to one place, {place}: each would undo what the other published", "put what tells them apart into prefix: ${each.key} for the tenant, ${partition.key} for the partition, a folder for each pipeline and load"},
		FR: Text{"{first} et {second} publieraient au même endroit, {place} : chacun déferait ce que l'autre a publié", "mettez dans prefix ce qui les distingue : ${each.key} pour la collectivité, ${partition.key} pour la partition, un dossier par pipeline et par load"}}
	UnknownColumnHere = &Message{Code: "LAV-2027", Class: Refused,
		EN: Text{"the file has no column {column}; the names in its first row are not shown, because nothing declares one of them and it may be a row of data", "check that the file has a header, and declare its columns in the format: columns = { … }"},
		FR: Text{"le fichier n'a pas de colonne {column} ; les noms de sa première ligne ne sont pas montrés, car rien n'en déclare aucun et c'est peut-être une ligne de données", "vérifiez que le fichier a un en-tête, et déclarez ses colonnes dans le format : columns = { … }"}}
	SplitDisk = &Message{Code: "LAV-2030", Class: Environment,
		EN: Text{"what is read once for several tasks needs more than the {bound} of temporary disk that one run may use for it", "raise disk in the project block, or run fewer tasks at a time with --tenant and --partition"},
		FR: Text{"ce qui est lu une fois pour plusieurs tâches demande plus que les {bound} de disque temporaire permis pour une exécution", "augmentez disk dans le bloc project, ou exécutez moins de tâches à la fois avec --tenant et --partition"}}
	OtherRows = &Message{Code: "LAV-2031", Class: Incomplete,
		EN: Text{"rows that {source} read and that belong to no task of the project: {count}; what {columns} say there is the key of none (the first: file {file}, line {line})", "correct the cells at the source, or add the missing tenants or partitions; if such rows are there by right, write other_rows = \"ignore\" in the source block"},
		FR: Text{"lignes lues par {source} qui n'appartiennent à aucune tâche du projet : {count} ; ce qu'y indiquent {columns} n'est la clé d'aucune (la première : fichier {file}, ligne {line})", "corrigez les cellules à la source, ou ajoutez les collectivités ou les partitions qui manquent ; si ces lignes ont leur place dans le fichier, écrivez other_rows = \"ignore\" dans le bloc source"}}
	SourceReread = &Message{Code: "LAV-2028", Class: Warning,
		EN: Text{"{source} changed while it was read: the task began again (tries: {tries})", "have exports written under another name and renamed at the end, or run when nobody writes to it"},
		FR: Text{"{source} a changé pendant la lecture : la tâche a recommencé (essais : {tries})", "faites écrire les exports sous un autre nom, puis renommer à la fin, ou lancez quand plus personne n'y écrit"}}
	TakenStays = &Message{Code: "LAV-2037", Class: Warning,
		EN: Text{"file {file} was read and stays where it is: on_done or error_path could not be done", "see why below; the next run finds the file again, reads it to the same result and tries again"},
		FR: Text{"le fichier {file} a été lu et reste où il est : on_done ou error_path n'a pas pu être exécuté", "voyez pourquoi ci-dessous ; la prochaine exécution retrouvera le fichier, arrivera au même résultat et réessaiera"}}
	NothingNew = &Message{Code: "LAV-2038", Class: Warning,
		EN: Text{"no new file: earlier runs took the files there were", "nothing to do; what is public stays"},
		FR: Text{"aucun nouveau fichier : les précédents ont été pris par des exécutions antérieures", "rien à faire ; ce qui est public reste"}}
	VariantNone = &Message{Code: "LAV-2039", Class: Refused,
		EN: Text{"pipeline {pipeline}: no variant reads what is there: {why}", "correct the variant that should read it, or add one: lavoir drift proposes the edit"},
		FR: Text{"pipeline {pipeline} : aucune variante ne lit ce qui s'y trouve : {why}", "corrigez la variante qui devrait le lire, ou ajoutez-en une : lavoir drift propose la modification"}}
	VariantSeveral = &Message{Code: "LAV-2040", Class: Refused,
		EN: Text{"pipeline {pipeline}: several variants read what is there ({variants}): its columns are those of each, and none of them reads more of the first {rows} rows than the others", "declare in columns what tells them apart, give the narrower one a contract with on_added = \"fail\", or separate them with when"},
		FR: Text{"pipeline {pipeline} : plusieurs variantes lisent ce qui s'y trouve ({variants}) : ses colonnes sont celles de chacune, et aucune ne lit plus des {rows} premières lignes que les autres", "déclarez dans columns ce qui les distingue, donnez à la plus étroite un contract avec on_added = \"fail\", ou séparez-les par when"}}
	VariantLacks = &Message{Code: "LAV-2041", Class: Refused,
		EN: Text{"variant {variant} wants a column {column}, which is not there", "see whether it has another name now"},
		FR: Text{"la variante {variant} veut une colonne {column}, qui n'y est pas", "voyez si elle a maintenant un autre nom"}}
	VariantLacksAll = &Message{Code: "LAV-2047", Class: Refused,
		EN: Text{"variant {variant} wants columns of which none is there: {columns}", "check header, delimiter and encoding against the file, or see whether all have other names now"},
		FR: Text{"la variante {variant} veut des colonnes dont aucune n'y est : {columns}", "vérifiez header, delimiter et encoding par rapport au fichier, ou voyez si toutes ont maintenant un autre nom"}}
	VariantDiffers = &Message{Code: "LAV-2042", Class: Refused,
		EN: Text{"variant {variant}: {why}", "compare the variant with what is there"},
		FR: Text{"variante {variant} : {why}", "comparez la variante avec ce qui s'y trouve"}}
	ChooseAlone = &Message{Code: "LAV-2043", Class: Language,
		EN: Text{"pipeline {pipeline} has choose and fewer than two variants: there is nothing to choose from", "add variant blocks, or remove choose"},
		FR: Text{"le pipeline {pipeline} a choose et moins de deux variantes : il n'y a rien à choisir", "ajoutez des blocs variant, ou retirez choose"}}
	ChooseSource = &Message{Code: "LAV-2044", Class: Language,
		EN: Text{"variant {variant} has no source of its own, and choose compares the sources", "write in the variant the source it reads"},
		FR: Text{"la variante {variant} n'a pas de source à elle, et choose compare les sources", "écrivez dans la variante la source qu'elle lit"}}
	ChooseAlike = &Message{Code: "LAV-2045", Class: Language,
		EN: Text{"variants {first} and {second} read alike: nothing there can tell them apart", "declare the columns of each, or separate them with when"},
		FR: Text{"les variantes {first} et {second} lisent de la même façon : rien de ce qui est lu ne peut les distinguer", "déclarez les colonnes de chacune, ou séparez-les par when"}}
	DriftFound = &Message{Code: "LAV-2046", Class: Refused,
		EN: Text{"what is there differs from what the pipelines declare (tasks: {count} of {of})", "ask the vendor whether it is meant, make the edits proposed above, then run lavoir validate"},
		FR: Text{"ce qui s'y trouve diffère de ce que déclarent les pipelines (tâches : {count} sur {of})", "demandez à l'éditeur si c'est voulu, faites les modifications proposées ci-dessus, puis lancez lavoir validate"}}
	JournalFound = &Message{Code: "LAV-2029", Class: Warning,
		EN: Text{"the journal of {task} did not know the release that {load} has current (generation {generation}): an entry was added", "nothing, if a run was stopped or another machine publishes; else find out who published"},
		FR: Text{"le journal de {task} ne connaissait pas la version courante de {load} (génération {generation}) : une entrée a été ajoutée", "rien, si une exécution a été arrêtée ou si une autre machine publie ; sinon, cherchez qui a publié"}}
	JournalLate = &Message{Code: "LAV-2035", Class: Incomplete,
		EN: Text{"the journal of {task} could not be written: {why}", "put the evidence store in order and run again: the next run adds what is missing"},
		FR: Text{"le journal de {task} n'a pas pu être écrit : {why}", "remettez en état le stockage des preuves et relancez : la prochaine exécution ajoute ce qui manque"}}
	JournalBusy = &Message{Code: "LAV-2036", Class: Environment,
		EN: Text{"other runs keep adding to the journal of {task}", "run again once they have finished"},
		FR: Text{"d'autres exécutions ne cessent d'ajouter au journal de {task}", "relancez quand elles auront fini"}}
	JournalBroken = &Message{Code: "LAV-2032", Class: Failed,
		EN: Text{"the journal of {task} is not what lavoir wrote: entry {number} {why}", "find out who can write to the evidence store, and restore what was there from a backup"},
		FR: Text{"le journal de {task} n'est plus celui que lavoir a écrit : l'entrée {number} {why}", "cherchez qui peut écrire dans le stockage des preuves, et restaurez ce qui s'y trouvait depuis une sauvegarde"}}
	JournalBehind = &Message{Code: "LAV-2033", Class: Incomplete,
		EN: Text{"the journal of {task} does not know the release that {load} has current (generation {generation})", "run the pipeline: it adds the entry; if no run was stopped, find out who published, or who removed entries"},
		FR: Text{"le journal de {task} ne connaît pas la version courante de {load} (génération {generation})", "lancez le pipeline : il ajoute l'entrée ; si aucune exécution n'a été arrêtée, cherchez qui a publié, ou qui a retiré des entrées"}}
	JournalElsewhere = &Message{Code: "LAV-2034", Class: Warning,
		EN: Text{"the journal of {task} on this machine does not know the release that {load} has current (generation {generation})", "give the project a store for its evidence that all its machines share: evidence = connection.…; or look on the machine that publishes"},
		FR: Text{"le journal de {task} sur cette machine ne connaît pas la version courante de {load} (génération {generation})", "donnez au projet un stockage des preuves commun à toutes ses machines : evidence = connection.… ; ou regardez sur la machine qui publie"}}

	// What is still public.
	SmallDifferenceHeld = &Message{Code: "LAV-2090", Class: Warning,
		EN: Text{"{load}: nothing was published, since release {release} is still public and the difference is small: {why}", "nothing to do if more rows are to come: the next run compares again. To publish now, remove older releases with supersede = \"erase\" in the gate of the policy, or have an approver accept it where the policy has a model (lavoir accept privacy --rule small_difference, with --column where a column is named above, or --rule crossing_levels); max_hold says how long this may go on"},
		FR: Text{"{load} : rien n'a été publié, car la version {release} est encore publique et la différence est petite : {why}", "rien à faire si d'autres lignes doivent venir : la prochaine exécution compare à nouveau. Pour publier dès maintenant, supprimez les versions plus anciennes avec supersede = \"erase\" dans le bloc gate de la politique, ou faites-le accepter par un approbateur si la politique a un model (lavoir accept privacy --rule small_difference, avec --column si une colonne est nommée ci-dessus, ou --rule crossing_levels) ; max_hold dit combien de temps cela peut durer"}}
	SmallDifference = &Message{Code: "LAV-2091", Class: Refused,
		EN: Text{"release {release} is still public, and the difference is small: {why}", "wait for more rows, remove older releases with supersede = \"erase\" in the gate of the policy, or have an approver accept it where the policy has a model (lavoir accept privacy --rule small_difference, with --column where a column is named above, or --rule crossing_levels)"},
		FR: Text{"la version {release} est encore publique, et la différence est petite : {why}", "attendez d'autres lignes, supprimez les versions plus anciennes avec supersede = \"erase\" dans le bloc gate de la politique, ou faites-le accepter par un approbateur si la politique a un model (lavoir accept privacy --rule small_difference, avec --column si une colonne est nommée ci-dessus, ou --rule crossing_levels)"}}
	HeldTooLong = &Message{Code: "LAV-2092", Class: Refused,
		EN: Text{"{task} has been held for {days} days, longer than max_hold: {why}", "decide: supersede = \"erase\" publishes and removes what is public; coarser levels (min_level) may hide the difference; a longer max_hold waits on"},
		FR: Text{"{task} est retenu depuis {days} jours, plus que max_hold : {why}", "décidez : supersede = \"erase\" publie et supprime ce qui est public ; des niveaux plus larges (min_level) peuvent cacher la différence ; un max_hold plus long fait attendre encore"}}
	OldUnreadable = &Message{Code: "LAV-2093", Class: Refused,
		EN: Text{"release {release} is still public and cannot be read, so that nothing proves what both tell together: {why}", "look at it with lavoir verify; remove it from the store, or write supersede = \"erase\" in the gate of the policy"},
		FR: Text{"la version {release} est encore publique et ne peut pas être lue ; rien ne prouve donc ce que les deux disent ensemble : {why}", "examinez-la avec lavoir verify ; supprimez-la du stockage, ou écrivez supersede = \"erase\" dans le bloc gate de la politique"}}
	NoReleases = &Message{Code: "LAV-2094", Class: Refused,
		EN: Text{"{load} cannot tell which releases are still public, and the policy wants to be compared with them", "publish with a load that can, as local or s3; or write compare_with = \"none\" in the gate of the policy"},
		FR: Text{"{load} ne peut pas dire quelles versions sont encore publiques, et la politique veut leur être comparée", "publiez avec un load qui le peut, comme local ou s3 ; ou écrivez compare_with = \"none\" dans le bloc gate de la politique"}}
	NotErased = &Message{Code: "LAV-2095", Class: Incomplete,
		EN: Text{"{count} older releases in {where} are still public, though the policy says supersede = \"erase\"", "run again: the next run removes them; if it comes back, check the right to delete there"},
		FR: Text{"dans {where}, des versions plus anciennes ({count}) sont encore publiques, alors que la politique dit supersede = \"erase\"", "relancez : la prochaine exécution les supprime ; si cela revient, vérifiez le droit d'y supprimer"}}
)
