// Russian for what the properties panel explains: headings of elements and the texts under the question marks.
const events = {
  '': '', Message: 'сообщение', Timer: 'таймер', Signal: 'сигнал', Error: 'ошибка', Escalation: 'эскалация',
  Conditional: 'условие', Compensate: 'компенсация', Link: 'связь', Terminate: 'прекращение', Cancel: 'отмена',
  Multiple: 'несколько', 'Parallel Multiple': 'все из нескольких',
};
const places = {
  'Start Event': 'Начальное событие', 'End Event': 'Конечное событие', 'Boundary Event': 'Граничное событие',
  'Intermediate Catch Event': 'Промежуточное событие (ожидание)', 'Intermediate Throw Event': 'Промежуточное событие (отправка)',
};

function headings() {
  const found = {};
  for (const [place, where] of Object.entries(places)) {
    for (const [kind, what] of Object.entries(events)) {
      const name = kind ? `${kind} ${place}` : place;
      found[name] = what ? `${where}: ${what}` : where;
      found[`${name} (Non Interrupting)`] = `${found[name]}, не прерывает`;
    }
  }
  return found;
}

export const help = {
  ...headings(),
  Association: 'Связь', 'Business Rule Task': 'Задача-решение', 'Call Activity': 'Вызов процедуры', Collaboration: 'Взаимодействие',
  'Conditional Flow': 'Переход с условием', 'Default Flow': 'Переход по умолчанию', 'Sequence Flow': 'Переход', 'Message Flow': 'Поток сообщений',
  'Data Input': 'Входные данные', 'Data Output': 'Выходные данные', 'Data Input Association': 'Связь входных данных',
  'Data Output Association': 'Связь выходных данных', 'Data Object Reference': 'Объект данных', 'Data Store Reference': 'Хранилище данных',
  'Complex Gateway': 'Сложный шлюз', 'Event Based Gateway': 'Шлюз по событиям', 'Exclusive Gateway': 'Исключающий шлюз (или — или)',
  'Inclusive Gateway': 'Включающий шлюз (один или несколько)', 'Parallel Gateway': 'Параллельный шлюз (все сразу)', Gateway: 'Шлюз',
  'Collapsed Sub Process': 'Свёрнутый подпроцесс', 'Expanded Sub Process': 'Развёрнутый подпроцесс', 'Event Sub Process': 'Событийный подпроцесс',
  'Collapsed Ad Hoc Sub Process': 'Свёрнутый свободный подпроцесс', 'Expanded Ad Hoc Sub Process': 'Развёрнутый свободный подпроцесс',
  'Manual Task': 'Ручная задача', 'Receive Task': 'Задача-ожидание сообщения', 'Script Task': 'Задача-сценарий', 'Send Task': 'Задача-отправка',
  'Service Task': 'Задача системы', 'User Task': 'Задача человека', Task: 'Задача', Transaction: 'Транзакция', Process: 'Процедура',
  Participant: 'Участник', Lane: 'Дорожка', Group: 'Группа', 'Text Annotation': 'Примечание', Label: 'Подпись',

  'Process variable name': 'Имя переменной дела', 'Process variable name must not be empty.': 'Укажите имя переменной.',
  'Process variable name must not contain spaces.': 'В имени переменной не бывает пробелов.', 'Default value': 'Значение по умолчанию',
  'Custom type': 'Свой тип', 'Implementation type': 'Способ исполнения', 'Custom implementation': 'Своё исполнение', Create: 'Создать',
  Change: 'Изменить', Format: 'Вид', Local: 'Локально', Resource: 'Ресурс', Constraints: 'Ограничения', 'List values': 'Значения списка',
  'Map entries': 'Строки таблицы', 'Wait for completion': 'Ждать завершения', 'Activity reference': 'Элемент', 'Decision reference': 'Решение',
  'Code variable': 'Переменная с кодом', 'Message variable': 'Переменная с текстом', 'Element variable': 'Переменная элемента',
  'Business key expression': 'Выражение для номера дела', 'Assign to process variable': 'Записать в переменную дела',
  'Assignment type': 'Способ назначения', 'External resource': 'Внешний ресурс', 'Candidate starter groups': 'Группы, которые запускают',
  'Candidate starter users': 'Кто запускает', 'Form fields': 'Поля формы', create: 'создание', end: 'конец', start: 'начало', version: 'версия',
  ' or ': ' или ', '{eventType}: {type}': '{eventType}: {type}', 'Configuration not found': 'Настройка не найдена',
  Configurations: 'Настройки', 'Could not load configurations': 'Настройки не загрузились', 'Refreshing configurations...': 'Настройки обновляются…',

  'A new version of the template is available: {templateVersion}': 'Есть новая версия шаблона: {templateVersion}',
  'A version of this template is available that supports your environment: {templateVersion}': 'Есть подходящая версия шаблона: {templateVersion}',
  'No compatible version of this template was found for your environment. Unlink to access the template’s data.':
    'Подходящей версии шаблона нет. Отвяжите шаблон, чтобы увидеть его данные.',
  'The template applied was not found. Therefore, its properties cannot be shown. Unlink to access the data.':
    'Применённый шаблон не найден, поэтому его свойства не видны. Отвяжите его, чтобы увидеть данные.',
  'Version {version} · Requires version {minimumVersion}+': 'Версия {version} · нужна версия {minimumVersion} или новее',

  '1 hour and 30 minutes': '1 час 30 минут', '14 days': '14 дней', '15 seconds': '15 секунд', 'every 10 seconds, up to 5 times': 'каждые 10 секунд, до 5 раз',
  'every day, infinitely': 'каждый день без конца', 'every hour on the hour from 9-5 p.m. UTC Monday-Friday': 'каждый час с 9 до 17 UTC по будням',
  'UTC time': 'время UTC', 'UTC plus 2 hours zone offset': 'UTC плюс 2 часа',

  'Configure the message that the task waits for. ': 'Какого сообщения ждёт задача. ',
  'Configure the message that this event waits for. ': 'Какого сообщения ждёт событие. ',
  'Configure the message that will start this process instance. ': 'Какое сообщение начинает дело. ',
  'Configure the message that will trigger this boundary event. ': 'На какое сообщение отвечает граничное событие. ',
  'Define a boolean condition expression that defines when this flow is taken. ': 'Условие, при котором дело идёт по этому переходу: выражение FEEL, которое даёт «да» или «нет». ',
  'Define a collection of elements which will be activated when the ad-hoc subprocess is reached. ': 'Какие элементы включаются, когда дело доходит до свободного подпроцесса. ',
  'Define an error code (e.g. ': 'Код ошибки (например, ',
  'Define an input collection expression that defines the collection to iterate over (e.g. ': 'Список, для каждого элемента которого выполняется шаг (например, ',
  'Define the ID of the process to call (e.g. ': 'Ключ вызываемой процедуры (например, ',
  'Define the completion behavior of an ad-hoc subprocess. If no completion condition is set, it will be completed after all active elements have been completed. ':
    'Когда завершается свободный подпроцесс. Без условия — когда завершены все начатые элементы. ',
  'Define the decision to evaluate and how to map back the evaluation result. ': 'Какое решение вычислить и куда записать результат. ',
  'Define the name of the variable that will contain the error code.': 'Переменная, в которую попадёт код ошибки.',
  'Define the name of the variable that will contain the error message.': 'Переменная, в которую попадёт текст ошибки.',
  'Define the name of the variable that will contain the escalation code.': 'Переменная, в которую попадёт код эскалации.',
  'Define who the task is assigned to. One or all of the following attributes can be specified simultaneously. ':
    'Кому поручена задача. Можно указать одно или всё сразу. ',
  'Evaluate a business rule, for example a DMN decision. To add a custom implementation, use a job worker. ': 'Вычислить решение DMN. ',
  'Execute this task for each element of a given collection. ': 'Выполнить задачу для каждого элемента списка. ',
  'Identifier computed from the process context that is used to correlate an incoming message (e.g. ':
    'По какому значению входящее сообщение находит своё дело (например, ',
  'If turned on, all variables from the parent process instance will be propagated to the child process instance.':
    'Включено: вызываемая процедура получает все переменные дела.',
  'Otherwise, only variables defined via input mappings will be propagated.': 'Выключено: только то, что названо во входных данных.',
  'If turned on, all variables from the child process instance will be propagated to the parent process instance.':
    'Включено: дело получает все переменные вызываемой процедуры.',
  'Otherwise, only variables defined via output mappings will be propagated.': 'Выключено: только то, что названо в выходных данных.',
  'Implement a script task using an inline FEEL expression. To add a custom implementation, use a job worker. ': 'Вычислить выражение FEEL. ',
  'Implement a user task managed by Camunda. To add a custom implementation, use a job worker. ': 'Задачу выполняет человек. ',
  'Link a form created with the Camunda Forms editor. To associate a custom form, application, or URL to the user task, specify an external reference. ':
    'Какая форма показана в задаче: её ключ, например sale/plan_meeting. ',
  'Link or embed a form created with the Camunda Forms editor. To associate a custom form, application, or URL to the user task, specify a form key. ':
    'Какая форма показана в задаче: её ключ, например sale/plan_meeting. ',
  'List of process variable names that trigger the condition evaluation.': 'Переменные, при изменении которых проверяется условие.',
  'Specify which job workers handle the event work. ': 'Какое действие выполняет событие. ',
  'Specify which job workers handle the task work to evaluate business rules. ': 'Какое действие вычисляет решение. ',
  'Specify which job workers handle the task work to execute a script. ': 'Какое действие выполняет сценарий. ',
  'Specify which job workers handle the task work to execute a service (e.g. ': 'Какое действие выполняет система (например, ',
  'Specify which job workers handle the task work to send a message (e.g. ': 'Какое действие отправляет сообщение (например, ',
  'The number of times the engine tries executing this activity if a worker signals a failure. The default is three.':
    'Сколько раз повторить действие при сбое. По умолчанию три.',
  'To collect the output define the output collection and the output element expressions. ':
    'Чтобы собрать результаты, укажите выходной список и выражение результата. ',
  'Uses the most recent deployed resource with the given version tag.': 'Последняя публикация с этой меткой версии.',
  'Uses the most recent deployed resource.': 'Последняя публикация.', 'Uses the resource found in the same deployment.': 'Из той же публикации.',
  'Version tag by which the called decision will be referenced.': 'Метка версии вызываемого решения.',
  'Version tag by which the called process will be referenced.': 'Метка версии вызываемой процедуры.',
  'Version tag by which the linked form will be referenced.': 'Метка версии формы.',
  'Version tag by which this process can be referenced.': 'Метка версии этой процедуры.',
  'Business rule task documentation': 'О задаче-решении', 'Call activity documentation': 'О вызове процедуры', 'Conditions documentation': 'Об условиях',
  'Documentation: Timer events': 'О таймерах', 'Documentation: Variable events': 'О переменных', 'Error event documentation': 'Об ошибках',
  'Input mappings documentation': 'О входных данных', 'Output mappings documentation': 'О выходных данных', 'Learn how to define conditions.': 'Как задать условие.',
  'Message boundary event documentation': 'О сообщениях', 'Message catch event documentation': 'О сообщениях', 'Message start event documentation': 'О сообщениях',
  'Message throw event documentation': 'О сообщениях', 'Multi instance documentation': 'О повторении', 'Receive task message documentation': 'О сообщениях',
  'Script task documentation': 'О сценариях', 'Send task documentation': 'О задаче-отправке', 'Subscription correlation key documentation': 'О ключе сопоставления',
  'Timer documentation': 'О таймерах', 'User task documentation': 'О задачах людей', 'User task form documentation': 'О формах задач',
  'User task priority documentation': 'О приоритете', 'Version tag binding': 'Привязка к метке версии', 'Latest binding': 'Привязка к последней версии',
  'Deployment binding': 'Привязка к публикации',
};
