// Element templates: what the dialect has beyond zeebe, offered as a list instead of property names to remember.
const SCHEMA = 'https://json-schema/zeebe-element-templates';

const property = (name, label, more = {}) => ({
  type: 'String', label, optional: true, binding: { type: 'zeebe:property', name }, ...more,
});
const input = (name, label, more = {}) => ({
  type: 'String', label, feel: 'optional', optional: true, binding: { type: 'zeebe:input', name }, ...more,
});
const output = (source, label, value) => ({
  type: 'String', label, value, optional: true, binding: { type: 'zeebe:output', source: `=${source}` },
});

const controlPoint = (ru, appliesTo) => ({
  $schema: SCHEMA, version: 1, appliesTo,
  id: `reglament.control-point.${appliesTo[0].slice(5)}`,
  name: ru ? 'Точка контроля' : 'Control point',
  description: ru ? 'Факт, который нужно установить к сроку' : 'A fact that must be established by a date',
  properties: [
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
    property('help', ru ? 'Подсказка сотруднику' : 'Help for the employee', { type: 'Text' }),
  ],
});

const decision = (ru) => ({
  $schema: SCHEMA, version: 1, appliesTo: ['bpmn:UserTask'], id: 'reglament.decision',
  name: ru ? 'Решение по документу' : 'Decision on a document',
  description: ru ? 'Документ рядом с формой, разделение обязанностей' : 'The document beside the form, separation of duties',
  properties: [
    property('document', ru ? 'Переменная с документом' : 'Variable with the document', { value: 'document_id', optional: false }),
    property('separateFrom', ru ? 'Не тот же человек, что в' : 'Not the same person as in'),
    property('approval', ru ? 'Поле с решением' : 'Field with the decision'),
    property('approvalRemark', ru ? 'Поле с замечанием' : 'Field with the remark'),
    property('help', ru ? 'Подсказка сотруднику' : 'Help for the employee', { type: 'Text' }),
  ],
});

const action = (type, name, description, properties) => ({
  $schema: SCHEMA, version: 1, appliesTo: ['bpmn:Task', 'bpmn:ServiceTask'], elementType: { value: 'bpmn:ServiceTask' },
  id: `reglament.${type}`, name, description,
  properties: [{ type: 'Hidden', value: type, binding: { type: 'zeebe:taskDefinition', property: 'type' } }, ...properties],
});

const documentOf = (ru) => input('document_id', ru ? 'Документ' : 'Document', { value: '=document_id', optional: false });

export function elementTemplates(ru) {
  return [
    controlPoint(ru, ['bpmn:UserTask']),
    controlPoint(ru, ['bpmn:CallActivity']),
    controlPoint(ru, ['bpmn:SubProcess']),
    decision(ru),
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
