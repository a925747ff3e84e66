// A template laid over a step says what it names; what the designer has set besides stays: mappings of variables are
// put back, and a priority that nobody chose is taken away again.
import CommandInterceptor from 'diagram-js/lib/command/CommandInterceptor';
import { getBusinessObject } from 'bpmn-js/lib/util/ModelUtil';

const COMMAND = 'propertiesPanel.zeebe.changeTemplate';
const FIRST = 5000;
const LAST = 100;
const KINDS = [['inputParameters', 'zeebe:Input'], ['outputParameters', 'zeebe:Output']];

const extension = (element, type) => {
  const found = getBusinessObject(element).get('extensionElements');
  return found?.get('values').find((one) => one.$type === type);
};

class Keeper extends CommandInterceptor {
  constructor(eventBus, modeling, bpmnFactory) {
    super(eventBus);
    this.modeling = modeling;
    this.factory = bpmnFactory;
    this.preExecute(COMMAND, FIRST, (context) => { if (context.newTemplate) context.before = this.of(context.element); }, true);
    this.postExecuted(COMMAND, LAST, (context) => { if (context.before) this.restore(context.element, context.before); }, true);
  }

  of(element) {
    const mapping = extension(element, 'zeebe:IoMapping');
    const lines = (name) => (mapping?.get(name) || []).map(({ source, target }) => ({ source, target }));
    return {
      priority: Boolean(extension(element, 'zeebe:PriorityDefinition')),
      ...Object.fromEntries(KINDS.map(([name]) => [name, lines(name)])),
    };
  }

  restore(element, before) {
    const holder = getBusinessObject(element).get('extensionElements');
    const priority = extension(element, 'zeebe:PriorityDefinition');
    if (priority && !before.priority) {
      this.modeling.updateModdleProperties(element, holder, { values: holder.get('values').filter((one) => one !== priority) });
    }
    for (const [name, type] of KINDS) {
      const now = extension(element, 'zeebe:IoMapping')?.get(name) || [];
      const missing = before[name].filter((line) => !now.some((one) => one.target === line.target));
      if (!missing.length) continue;
      const mapping = extension(element, 'zeebe:IoMapping') || this.mapping(element, holder);
      const lines = missing.map((line) => Object.assign(this.factory.create(type, line), { $parent: mapping }));
      this.modeling.updateModdleProperties(element, mapping, { [name]: [...now, ...lines] });
    }
  }

  mapping(element, holder) {
    const made = Object.assign(this.factory.create('zeebe:IoMapping'), { $parent: holder });
    this.modeling.updateModdleProperties(element, holder, { values: [...holder.get('values'), made] });
    return made;
  }
}
Keeper.$inject = ['eventBus', 'modeling', 'bpmnFactory'];

export const keepModule = { __init__: ['reglamentKeeper'], reglamentKeeper: ['type', Keeper] };
