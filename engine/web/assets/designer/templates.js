// Element templates: what the dialect has beyond zeebe, offered as a list instead of property names to remember.
const SCHEMA = 'https://unpkg.com/@camunda/zeebe-element-templates-json-schema/resources/schema.json';

const property = (name, label, more = {}) => ({
  type: 'String', id: name, label, optional: true, binding: { type: 'zeebe:property', name }, ...more,
});
const input = (name, label, more = {}) => ({
  type: 'String', label, feel: 'optional', optional: true, binding: { type: 'zeebe:input', name }, ...more,
});
const output = (source, label, value) => ({
  type: 'String', label, value, optional: true, binding: { type: 'zeebe:output', source: `=${source}` },
});

// A template shows and keeps only what it names: who does the task, by which form and until when belong to it.
const bound = (type, name, label) => ({
  type: 'String', label, feel: 'optional', binding: { type: `zeebe:${type}`, property: name },
});
const person = (ru) => [
  { type: 'Hidden', binding: { type: 'zeebe:userTask' } },
  { ...bound('formDefinition', 'externalReference', ru ? 'Форма' : 'Form'), feel: undefined },
  bound('assignmentDefinition', 'assignee', ru ? 'Исполнитель (логин)' : 'Assignee (login)'),
  bound('assignmentDefinition', 'candidateGroups', ru ? 'Группы' : 'Groups'),
  bound('assignmentDefinition', 'candidateUsers', ru ? 'Кандидаты (логины)' : 'Candidates (logins)'),
  bound('taskSchedule', 'dueDate', ru ? 'Срок (P1BD, =выражение)' : 'Due (P1BD, =expression)'),
  bound('taskSchedule', 'followUpDate', ru ? 'Показать не раньше' : 'Not shown before'),
  { ...bound('priorityDefinition', 'priority', ru ? 'Приоритет (0–100)' : 'Priority (0–100)'), type: 'Number', value: 50, feel: undefined },
];

const controlPoint = (ru, type, before, more = []) => ({
  $schema: SCHEMA, version: 1, appliesTo: [type], elementType: { value: type }, entriesVisible: true,
  id: `reglament.control-point.${type.slice(5)}`,
  name: ru ? 'Точка контроля' : 'Control point',
  description: ru ? 'Факт, который нужно установить к сроку' : 'A fact that must be established by a date',
  properties: [
    ...before,
    property('controlPoint', ru ? 'Код (CP-01)' : 'Code (CP-01)', {
      optional: false, constraints: { notEmpty: true, pattern: { value: '^[A-Z]{2,4}-[0-9]{2}$', message: ru ? 'Например CP-01' : 'For example CP-01' } },
    }),
    property('cpTitle', ru ? 'Название' : 'Title'),
    property('cpDue', ru ? 'Срок (P1BD, =выражение)' : 'Due (P1BD, =expression)'),
    property('cpOwner', ru ? 'Ответственный (логин или =выражение)' : 'Owner (login or =expression)'),
    property('cpOwnerGroup', ru ? 'Ответственная группа' : 'Owner group'),
    property('cpEvidence', ru ? 'Подтверждение' : 'Evidence'),
    property('cpReminder', ru ? 'Напомнить за' : 'Remind before'),
    property('cpEscalation', ru ? 'Процедура эскалации' : 'Escalation procedure'),
    property('requires', ru ? 'Требует точек контроля' : 'Requires control points'),
    ...more,
    property('help', ru ? 'Подсказка сотруднику' : 'Help for the employee', { type: 'Text' }),
  ],
});

// Up to which value somebody may decide: the kinds are those of the settings, so that none is misspelt.
const limit = (ru, kinds) => [
  property('limitKind', ru ? 'Предел полномочий' : 'Limit of authority', {
    type: 'Dropdown', choices: [{ name: ru ? 'нет' : 'none', value: '' }, ...kinds],
  }),
  property('limitSum', ru ? 'Значение для предела (=выражение)' : 'Value held against it (=expression)', {
    condition: { property: 'limitKind', oneOf: kinds.map((one) => one.value) },
  }),
];

const decision = (ru, kinds) => ({
  $schema: SCHEMA, version: 1, appliesTo: ['bpmn:Task', 'bpmn:UserTask'], elementType: { value: 'bpmn:UserTask' },
  id: 'reglament.decision', entriesVisible: true,
  name: ru ? 'Решение по документу' : 'Decision on a document',
  description: ru ? 'Документ рядом с формой, разделение обязанностей' : 'The document beside the form, separation of duties',
  properties: [
    ...person(ru),
    property('document', ru ? 'Переменная с документом' : 'Variable with the document', { value: 'document_id', optional: false }),
    property('separateFrom', ru ? 'Не тот же человек, что в' : 'Not the same person as in'),
    property('approval', ru ? 'Поле с решением' : 'Field with the decision'),
    property('approvalRemark', ru ? 'Поле с замечанием' : 'Field with the remark'),
    ...limit(ru, kinds),
    property('help', ru ? 'Подсказка сотруднику' : 'Help for the employee', { type: 'Text' }),
  ],
});

const action = (type, name, description, properties) => ({
  $schema: SCHEMA, version: 1, appliesTo: ['bpmn:Task', 'bpmn:ServiceTask'], elementType: { value: 'bpmn:ServiceTask' },
  id: `reglament.${type}`, name, description,
  properties: [{ type: 'Hidden', value: type, binding: { type: 'zeebe:taskDefinition', property: 'type' } }, ...properties],
});

const documentOf = (ru) => input('document_id', ru ? 'Документ' : 'Document', { value: '=document_id', optional: false });

export function elementTemplates(ru, kinds) {
  return [
    controlPoint(ru, 'bpmn:UserTask', person(ru), limit(ru, kinds)),
    controlPoint(ru, 'bpmn:CallActivity', [
      { type: 'String', label: ru ? 'Процедура' : 'Procedure', binding: { type: 'zeebe:calledElement', property: 'processId' } },
    ]),
    controlPoint(ru, 'bpmn:SubProcess', []),
    decision(ru, kinds),
    action('document.issue', ru ? 'Выпустить документ' : 'Issue a document', ru ? 'Номер, Word и PDF по шаблону' : 'Number, Word and PDF from a template', [
      input('kind', ru ? 'Вид документа' : 'Kind of document', { optional: false }),
      input('template', ru ? 'Шаблон' : 'Template', { optional: false }),
      input('valid_for', ru ? 'Действует (P10BD)' : 'Valid for (P10BD)'),
      input('data', ru ? 'Данные' : 'Data'),
      output('document_id', ru ? 'Документ в переменную' : 'Document into variable', 'document_id'),
    ]),
    action('document.approve', ru ? 'Зафиксировать согласованный документ' : 'Lock the approved document', '', [documentOf(ru)]),
    action('document.mark_sent', ru ? 'Отметить отправку документа' : 'Mark the document as sent', '', [documentOf(ru)]),
    action('document.mark_signed', ru ? 'Отметить подписание документа' : 'Mark the document as signed', '', [documentOf(ru)]),
    action('mail.send', ru ? 'Отправить письмо' : 'Send a mail', '', [
      input('to', ru ? 'Кому' : 'To', { value: '=contact.email', optional: false }),
      input('subject', ru ? 'Тема' : 'Subject', { optional: false }),
      input('body', ru ? 'Текст' : 'Body', { type: 'Text' }),
      input('documents', ru ? 'Вложения (список документов)' : 'Attachments (list of documents)'),
    ]),
    action('deal.reach', ru ? 'Отметить веху сделки' : 'Mark a milestone of the deal', '', [
      input('milestone', ru ? 'Веха (M0-M9, MX)' : 'Milestone (M0-M9, MX)', { optional: false }),
    ]),
  ];
}
